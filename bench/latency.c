/* A TCP proxy on the loopback interface that adds a round trip.
 *
 *     latency ROUND_TRIP_MS BACKEND_PORT
 *
 * It listens on a free port, prints the port's number, and serves until its standard input ends.
 * Each direction is late by half of the round trip; order and bytes are kept, and bandwidth is not
 * limited. At most WINDOW bytes of a direction are under way: then its sender has to wait, as with
 * a TCP window.
 *
 * connect() to this machine returns at once, where a distant one takes a round trip. To be fair to
 * both kinds of protocols, the backend is connected 1.5 round trips after the client: then a
 * greeting arrives after 2 round trips, and a request that the client sends at once is answered
 * after 2 round trips too, just as over a real network.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 16 << 20, PIECE = 256 << 10, CLIENT = 0, BACKEND = 1 };
static const int64_t NEVER = INT64_MAX;

/* What was read in one go, and when it is due on the other side. `length` 0 is the end. */
struct piece { struct piece *next; int64_t due; size_t length, sent; char bytes[]; };

/* One end of a connection, and the queue of what it has sent. */
struct end {
    struct connection *connection;
    int fd, has_ended, is_full;   /* is_full: this end's socket takes no more for now */
    uint32_t watched;
    struct piece *first, *last;
    size_t queued;
};
struct connection { struct connection *next; struct end ends[2]; int64_t connect_at; int is_dead; };

static int epoll, backend_port;
static int64_t delay;             /* nanoseconds, one way */
static struct connection *connections;

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct end *other(struct end *end) {
    struct end *ends = end->connection->ends;
    return end == &ends[CLIENT] ? &ends[BACKEND] : &ends[CLIENT];
}

static void prepare(int fd) {
    int on = 1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void add(int fd, void *owner, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = owner};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

/* Ask epoll for what can be used: readable while the window is open, writable when it was full. */
static void watch(struct end *end) {
    uint32_t wanted = (!end->has_ended && end->queued < WINDOW ? EPOLLIN : 0) | (end->is_full ? EPOLLOUT : 0);
    if (end->fd < 0 || wanted == end->watched) return;
    struct epoll_event event = {.events = wanted, .data.ptr = end};
    epoll_ctl(epoll, EPOLL_CTL_MOD, end->fd, &event);
    end->watched = wanted;
}

static void enqueue(struct end *end, const char *bytes, size_t length) {
    struct piece *piece = malloc(sizeof *piece + length);
    if (!piece) fail("malloc");
    *piece = (struct piece){.due = now() + delay, .length = length};
    memcpy(piece->bytes, bytes, length);
    if (end->last) end->last->next = piece; else end->first = piece;
    end->last = piece;
    end->queued += length;
}

static void dequeue(struct end *end) {
    struct piece *piece = end->first;
    end->first = piece->next;
    if (!end->first) end->last = NULL;
    free(piece);
}

static void read_from(struct end *end) {
    static char buffer[PIECE];
    ssize_t length = recv(end->fd, buffer, sizeof buffer, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0) { end->connection->is_dead = 1; return; }
    if (length == 0) end->has_ended = 1;
    enqueue(end, buffer, (size_t)length);
    watch(end);
}

/* Pass on what `end` has sent and what is due. */
static void deliver(struct end *end, int64_t time) {
    struct end *to = other(end);
    while (end->first && end->first->due <= time && !to->is_full) {
        struct piece *piece = end->first;
        if (piece->length == 0) {
            shutdown(to->fd, SHUT_WR);
        } else {
            ssize_t sent = send(to->fd, piece->bytes + piece->sent, piece->length - piece->sent, MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN && errno != EINTR) { end->connection->is_dead = 1; return; }
            if (sent > 0) { piece->sent += (size_t)sent; end->queued -= (size_t)sent; }
            if (piece->sent < piece->length) { to->is_full = 1; break; }
        }
        dequeue(end);
    }
    watch(end);
    watch(to);
}

/* Nothing more comes from this end and nothing can go there; what it has sent is still delivered. */
static void leave(struct end *end) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, end->fd, NULL);
    end->is_full = 0;   /* what waits for it fails now, instead of never */
}

static void accept_client(int listener) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    struct connection *made = calloc(1, sizeof *made);
    if (!made) fail("calloc");
    prepare(fd);
    made->ends[CLIENT] = (struct end){.connection = made, .fd = fd, .watched = EPOLLIN};
    made->ends[BACKEND] = (struct end){.connection = made, .fd = -1};
    made->connect_at = now() + 3 * delay;
    made->next = connections;
    connections = made;
    add(fd, &made->ends[CLIENT], EPOLLIN);
}

static void connect_backend(struct connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)backend_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        connection->is_dead = 1;
        return;
    }
    prepare(fd);
    connection->ends[BACKEND].fd = fd;
    connection->ends[BACKEND].watched = EPOLLIN;
    add(fd, &connection->ends[BACKEND], EPOLLIN);
}

/* Do for a connection what is due; when is there something to do again? */
static int64_t advance(struct connection *connection, int64_t time) {
    struct end *ends = connection->ends;
    if (ends[BACKEND].fd < 0) {
        if (connection->connect_at > time) return connection->connect_at;
        connect_backend(connection);
    }
    int64_t next = NEVER;
    for (int side = 0; side < 2 && !connection->is_dead; side++) {
        deliver(&ends[side], time);
        if (ends[side].first && !other(&ends[side])->is_full && ends[side].first->due < next)
            next = ends[side].first->due;
    }
    if (ends[CLIENT].has_ended && ends[BACKEND].has_ended && !ends[CLIENT].first && !ends[BACKEND].first)
        connection->is_dead = 1;
    return next;
}

static void bury(struct connection *connection) {
    for (int side = 0; side < 2; side++) {
        while (connection->ends[side].first) dequeue(&connection->ends[side]);
        if (connection->ends[side].fd >= 0) close(connection->ends[side].fd);
    }
    free(connection);
}

/* Advance every connection, and free the dead; when is there something to do again? */
static int64_t advance_all(void) {
    int64_t next = NEVER;
    for (struct connection **at = &connections; *at;) {
        struct connection *connection = *at;
        int64_t due = connection->is_dead ? NEVER : advance(connection, now());
        if (connection->is_dead) {
            *at = connection->next;
            bury(connection);
            continue;
        }
        if (due < next) next = due;
        at = &connection->next;
    }
    return next;
}

static int listen_on_free_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 256)) fail("listen");
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void set_timer(int timer, int64_t due) {
    struct itimerspec at = {0};                                     /* zero: never */
    if (due != NEVER) {
        at.it_value.tv_sec = due / 1000000000LL;
        at.it_value.tv_nsec = due % 1000000000LL;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

int main(int count, char **arguments) {
    if (count != 3) { fprintf(stderr, "usage: latency ROUND_TRIP_MS BACKEND_PORT\n"); return 2; }
    delay = (int64_t)(atof(arguments[1]) * 1e6 / 2);
    backend_port = atoi(arguments[2]);
    signal(SIGPIPE, SIG_IGN);
    epoll = epoll_create1(0);
    int listener = listen_on_free_port();
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    int input = STDIN_FILENO;
    add(listener, &listener, EPOLLIN);
    add(timer, &timer, EPOLLIN | EPOLLET);
    add(input, &input, EPOLLIN);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            void *owner = events[i].data.ptr;
            if (owner == &input) { char ignored[64]; if (read(input, ignored, sizeof ignored) <= 0) return 0; }
            else if (owner == &listener) accept_client(listener);
            else if (owner != &timer) {
                struct end *end = owner;
                uint32_t over = events[i].events & (EPOLLHUP | EPOLLERR);
                if (events[i].events & EPOLLOUT) end->is_full = 0;
                if (!end->has_ended && (over || events[i].events & EPOLLIN)) read_from(end);
                else if (over) leave(end);
            }
        }
        set_timer(timer, advance_all());
    }
}
