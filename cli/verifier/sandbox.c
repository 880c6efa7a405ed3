#define _DEFAULT_SOURCE /* syscall numbers and prctl */

#include "cli/verifier/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef ARCHITECTURE

/* The low half of the nth argument, on the little-endian machines named above. */
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + (n) * sizeof(__u64))

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define PASS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Passes the call with this number, whatever its arguments. */
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), PASS
/* Passes it if the bits of argument `n` are clear. */
#define ALLOW_WITHOUT(number, n, bits)                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 4), LOAD(ARGUMENT(n)), \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1), KILL, PASS

static struct sock_filter FILTER[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    KILL,
    LOAD(offsetof(struct seccomp_data, nr)),
    ALLOW(__NR_write),
    ALLOW(__NR_writev), /* stdio, for what does not fit its buffer */
    ALLOW(__NR_brk),
    ALLOW(__NR_munmap),
    ALLOW(__NR_mremap),
    ALLOW(__NR_madvise),
    ALLOW(__NR_futex),
    ALLOW(__NR_getrandom), /* OpenSSL multiplies points on a curve behind random numbers */
    ALLOW(__NR_getpid),    /* and looks whether it was forked before it draws one */
    ALLOW(__NR_exit_group),
    ALLOW_WITHOUT(__NR_mmap, 2, PROT_EXEC),
    KILL,
};

enum status sandbox_enter(bool *ret_is_confined, struct failure *failure)
{
    struct sock_fprog program = {.len = sizeof FILTER / sizeof FILTER[0], .filter = FILTER};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return fail(failure, STATUS_STORAGE, "", "the sandbox cannot be entered: %s",
                    strerror(errno));
    }
    *ret_is_confined = true;
    return STATUS_OK;
}

#else

enum status sandbox_enter(bool *ret_is_confined, struct failure *failure)
{
    (void)failure;
    *ret_is_confined = false;
    return STATUS_OK;
}

#endif
