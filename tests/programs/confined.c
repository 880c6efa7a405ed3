/*
 * Confined: enters the sandbox of utfall-verify and then does what its argument says, for a test
 * that the kernel ends it. Without the sandbox each of these succeeds; `--free` shows that.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "cli/verifier/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_file(void)
{
    return open("/dev/null", O_RDONLY) < 0;
}

static int write_file(void)
{
    return open("/dev/null", O_WRONLY) < 0;
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int begin_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return child < 0;
}

static int begin_program(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int make_executable(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

static int read_input(void)
{
    char byte;
    return read(STDIN_FILENO, &byte, 1) < 0;
}

/* What the verifier needs: memory, small and large, and its output. */
static int compute(void)
{
    for (size_t size = 1; size < (size_t)64 * 1024 * 1024; size *= 3) {
        char *memory = malloc(size);
        if (memory == NULL) {
            return 1;
        }
        memset(memory, 1, size);
        memory = realloc(memory, 2 * size);
        free(memory);
    }
    return write(STDOUT_FILENO, "computed\n", 9) != 9;
}

static const struct deed {
    const char *name;
    int (*run)(void);
} DEEDS[] = {
    {"open", open_file},     {"create", write_file},  {"socket", make_socket},
    {"fork", begin_process}, {"exec", begin_program}, {"executable", make_executable},
    {"read", read_input},    {"compute", compute},
};

int main(int argc, char **argv)
{
    bool is_free = argc == 3 && strcmp(argv[2], "--free") == 0;
    bool is_confined = false;
    struct failure failure = {0};
    if (argc < 2 || (!is_free && sandbox_enter(&is_confined, &failure) != STATUS_OK)) {
        return 2;
    }
    if (!is_free && !is_confined) {
        return 77;
    }
    for (size_t i = 0; i < sizeof DEEDS / sizeof DEEDS[0]; i++) {
        if (strcmp(argv[1], DEEDS[i].name) == 0) {
            return DEEDS[i].run();
        }
    }
    return 2;
}
