#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE_MS 1000

static _Noreturn void fail(const char *where, const char *what)
{
    fprintf(stderr, "%s: %s\n", where, what);
    exit(2);
}

static void make_raw(int descriptor)
{
    struct termios settings;
    if (tcgetattr(descriptor, &settings) != 0) {
        fail("terminal", strerror(errno));
    }
    settings.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF);
    settings.c_oflag &= ~(tcflag_t)OPOST;
    settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CLOCAL | CREAD;
    if (tcsetattr(descriptor, TCSANOW, &settings) != 0) {
        fail("terminal", strerror(errno));
    }
}

/* Replace `link` in one step, so that a client finds the old target or the new one; never replace a real file. */
static void make_link(const char *target, const char *link)
{
    char temporary[PATH_MAX];
    struct stat there;
    if (lstat(link, &there) == 0 && !S_ISLNK(there.st_mode)) {
        fail(link, "exists and is no symbolic link");
    }
    if (snprintf(temporary, sizeof temporary, "%s.%ld", link, (long)getpid()) >= (int)sizeof temporary) {
        fail(link, "the name is too long");
    }
    if (symlink(target, temporary) != 0 || rename(temporary, link) != 0) {
        const int why = errno;
        (void)unlink(temporary);
        fail(link, strerror(why));
    }
}

void port_open_terminal(struct port *port, const char *link)
{
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    const char *slave = NULL;
    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) {
        slave = ptsname(master);
    }
    /* Kept open for ever: without any opener the terminal would forget its settings and report an error. */
    const int keeper = slave != NULL ? open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (keeper < 0) {
        fail("pseudo-terminal", strerror(errno));
    }
    make_raw(keeper);
    *port = (struct port){.listener = -1, .stream = master, .link = link};
    (void)snprintf(port->resource, sizeof port->resource, "%s", slave);
    make_link(slave, link);
}

static void name_tcp(struct port *port)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[64], service[16];
    if (getsockname(port->listener, (struct sockaddr *)&address, &size) != 0
        || getnameinfo((struct sockaddr *)&address, size, host, sizeof host, service, sizeof service,
                       NI_NUMERICHOST | NI_NUMERICSERV)
            != 0) {
        fail("socket", "has no name");
    }
    const char *form = strchr(host, ':') != NULL ? "tcp://[%s]:%s" : "tcp://%s:%s";
    (void)snprintf(port->resource, sizeof port->resource, form, host, service);
}

static int listen_on(const struct addrinfo *address)
{
    const int on = 1;
    const int listener = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (listener < 0) {
        return -1;
    }
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, address->ai_addr, address->ai_addrlen) != 0 || listen(listener, 8) != 0
        || fcntl(listener, F_SETFL, O_NONBLOCK) != 0) {
        const int why = errno;
        close(listener);
        errno = why;
        return -1;
    }
    return listener;
}

void port_open_tcp(struct port *port, const char *host_and_port)
{
    char host[256];
    struct addrinfo *addresses;
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const char *colon = strrchr(host_and_port, ':');
    if (colon == NULL || (size_t)(colon - host_and_port) >= sizeof host) {
        fail(host_and_port, "is not HOST:PORT");
    }
    memcpy(host, host_and_port, (size_t)(colon - host_and_port));
    host[colon - host_and_port] = '\0';
    const int why = getaddrinfo(host[0] != '\0' ? host : NULL, colon + 1, &wanted, &addresses);
    if (why != 0) {
        fail(host_and_port, gai_strerror(why));
    }
    *port = (struct port){.listener = listen_on(addresses), .stream = -1};
    if (port->listener < 0) {
        fail(host_and_port, strerror(errno));
    }
    freeaddrinfo(addresses);
    name_tcp(port);
}

int port_descriptor(const struct port *port)
{
    return port->stream >= 0 ? port->stream : port->listener;
}

void port_accept(struct port *port)
{
    const int on = 1;
    if (port->stream >= 0) {
        return;
    }
    port->stream = accept(port->listener, NULL, NULL);
    if (port->stream >= 0) {
        (void)fcntl(port->stream, F_SETFL, O_NONBLOCK);
        (void)setsockopt(port->stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

static void drop_client(struct port *port)
{
    if (port->listener >= 0 && port->stream >= 0) {
        close(port->stream);
        port->stream = -1;
    }
}

ssize_t port_read(struct port *port, unsigned char *bytes, size_t room)
{
    const ssize_t count = room > 0 && port->stream >= 0 ? read(port->stream, bytes, room) : 0;
    if (count > 0 || room == 0 || port->stream < 0) {
        return count;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    drop_client(port);
    return -1;
}

ssize_t port_write(struct port *port, const unsigned char *bytes, size_t count)
{
    if (port->stream < 0) {
        return (ssize_t)count;
    }
    const ssize_t written = write(port->stream, bytes, count);
    if (written >= 0 || errno == EAGAIN || errno == EINTR) {
        return written > 0 ? written : 0;
    }
    drop_client(port);
    return -1;
}

void port_write_all(struct port *port, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t written = port_write(port, bytes, count);
        struct pollfd waiting = {.fd = port->stream, .events = POLLOUT};
        if (written < 0 || (written == 0 && poll(&waiting, 1, PATIENCE_MS) == 0)) {
            return;
        }
        bytes += written;
        count -= (size_t)written;
    }
}

void port_close(struct port *port)
{
    if (port->link != NULL) {
        char target[PATH_MAX];
        const ssize_t length = readlink(port->link, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strcmp(target, port->resource) == 0) {
            (void)unlink(port->link);
        }
    }
    drop_client(port);
    if (port->listener >= 0) {
        close(port->listener);
    }
}
