/* Not a fault: that the checks accept this shows that they refuse the others for their fault. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

Test(canary, is_well)
{
    cr_assert(eq(int, 1, 1));
}

Test(canary, expects_a_signal, .signal = SIGABRT)
{
    raise(SIGABRT);
}
