#include "cli/agent.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LENGTH_SIZE 4

struct connection {
    int socket;
};

static enum status silent(struct failure *failure)
{
    return fail(failure, STATUS_STORAGE, "SSH_AUTH_SOCK", "the SSH agent did not answer in %d s",
                AGENT_SECONDS);
}

static enum status broken(struct failure *failure)
{
    return fail(failure, STATUS_STORAGE, "SSH_AUTH_SOCK", "the SSH agent cannot be spoken with: %s",
                strerror(errno));
}

/* Each wait is bounded, and every read or write moves at least one byte. */
static enum status wait_for(const struct connection *connection, short event,
                            struct failure *failure)
{
    struct pollfd waiting = {.fd = connection->socket, .events = event};
    int ready = poll(&waiting, 1, AGENT_SECONDS * 1000);
    if (ready == 0) {
        return silent(failure);
    }
    return ready < 0 && errno != EINTR ? broken(failure) : STATUS_OK;
}

static enum status send_all(const struct connection *connection, const char *data, size_t size,
                            struct failure *failure)
{
    while (size > 0) {
        TRY(wait_for(connection, POLLOUT, failure));
        ssize_t sent = send(connection->socket, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return broken(failure);
        }
        data += sent;
        size -= (size_t)sent;
    }
    return STATUS_OK;
}

static enum status receive_all(const struct connection *connection, char *data, size_t size,
                               struct failure *failure)
{
    while (size > 0) {
        TRY(wait_for(connection, POLLIN, failure));
        ssize_t received = recv(connection->socket, data, size, 0);
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received < 0) {
            return broken(failure);
        }
        if (received == 0) {
            return fail(failure, STATUS_STORAGE, "SSH_AUTH_SOCK",
                        "the SSH agent hung up before it had answered");
        }
        data += received;
        size -= (size_t)received;
    }
    return STATUS_OK;
}

/* A message is its length in four bytes, most significant first, and its bytes. */
static enum status exchange(void *context, struct view message, struct buffer *ret_answer,
                            struct failure *failure)
{
    const struct connection *connection = context;
    unsigned char length[LENGTH_SIZE];
    for (size_t i = 0; i < LENGTH_SIZE; i++) {
        length[i] = (unsigned char)(message.size >> (8 * (LENGTH_SIZE - 1 - i)));
    }
    TRY(send_all(connection, (const char *)length, sizeof length, failure));
    TRY(send_all(connection, message.data, message.size, failure));
    TRY(receive_all(connection, (char *)length, sizeof length, failure));
    size_t size = 0;
    for (size_t i = 0; i < LENGTH_SIZE; i++) {
        size = size << 8 | length[i];
    }
    char *room;
    enum status reserved =
        size > SSH_AGENT_MESSAGE_MAX ? STATUS_LIMIT : buffer_reserve(ret_answer, size, &room);
    if (reserved != STATUS_OK) {
        return fail(failure, reserved, "SSH_AUTH_SOCK", "the SSH agent's answer is too large");
    }
    TRY(receive_all(connection, room, size, failure));
    ret_answer->size += size;
    return STATUS_OK;
}

static void release(void *context)
{
    struct connection *connection = context;
    (void)close(connection->socket);
    free(connection);
}

static enum status connect_to(const char *path, int *ret_socket, struct failure *failure)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return fail(failure, STATUS_LIMIT, "SSH_AUTH_SOCK", "the path is over %zu bytes",
                    sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) {
        return broken(failure);
    }
    if (connect(made, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        (void)close(made);
        return fail(failure, STATUS_NOT_FOUND, path, "the SSH agent cannot be reached: %s",
                    strerror(error));
    }
    *ret_socket = made;
    return STATUS_OK;
}

enum status agent_connect(struct ssh_agent *ret_agent, struct failure *failure)
{
    const char *path = getenv("SSH_AUTH_SOCK");
    if (path == NULL || path[0] == '\0') {
        return fail(failure, STATUS_NOT_FOUND, "SSH_AUTH_SOCK",
                    "there is no SSH agent: start one, and set $SSH_AUTH_SOCK");
    }
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return fail_memory(failure);
    }
    enum status status = connect_to(path, &connection->socket, failure);
    if (status != STATUS_OK) {
        free(connection);
        return status;
    }
    *ret_agent = (struct ssh_agent){exchange, release, connection};
    return STATUS_OK;
}
