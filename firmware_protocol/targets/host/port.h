/* Where the bytes come from: a pseudo-terminal, or TCP clients, one after another. */
#ifndef HOST_PORT_H
#define HOST_PORT_H

#include <stddef.h>
#include <sys/types.h>

struct port {
    int listener;       /* TCP: -1 for a terminal */
    int stream;         /* -1: no client */
    char resource[128]; /* what a client opens */
    const char *link;   /* terminal: symbolic link to the resource */
};

/* Exit with a line on stderr where they fail. */
void port_open_terminal(struct port *port, const char *link);
void port_open_tcp(struct port *port, const char *host_and_port);

/* The descriptor to wait on for input: the client's, or the listener's. */
int port_descriptor(const struct port *port);

/* Accept a client if there is none. */
void port_accept(struct port *port);

/* Read what is there, at most `room` bytes. Returns -1 where the client has gone. */
ssize_t port_read(struct port *port, unsigned char *bytes, size_t room);

/* Write what is taken now, and say how much; all of it is lost where there is no client. -1: the client has gone. */
ssize_t port_write(struct port *port, const unsigned char *bytes, size_t count);

/* Write all, and wait for whoever takes it; what nobody takes for a second is lost, as on a wire. */
void port_write_all(struct port *port, const unsigned char *bytes, size_t count);

void port_close(struct port *port);

#endif
