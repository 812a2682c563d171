/* labrig-board-host: the firmware on this computer, with a circuit in memory behind a pseudo-terminal or TCP. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "circuit_file.h"
#include "eeprom.h"
#include "hal.h"
#include "port.h"

#define GRAIN_MS 10 /* how late the heartbeat may be noticed */
#define LOST_AFTER_MS 1000u
#define USAGE                                                                                                          \
    "usage: labrig-board-host (--pty PATH | --tcp HOST:PORT) --circuit FILE [--serial TEXT] [--eeprom FILE]\n"           \
    "       [--until-eof]: end when standard input ends, as it does when a parent process dies\n"

struct options {
    const char *pty, *tcp, *serial_number, *eeprom, *circuit;
    bool until_eof;
};

static volatile sig_atomic_t ending;
static struct circuit circuit;
static struct labrig_board board;

static void end(int signal)
{
    (void)signal;
    ending = 1;
}

static struct options read_options(int count, char **words)
{
    static const struct option known[] = {
        {"pty", required_argument, NULL, 'p'},    {"tcp", required_argument, NULL, 't'},
        {"serial", required_argument, NULL, 's'}, {"eeprom", required_argument, NULL, 'e'},
        {"circuit", required_argument, NULL, 'c'}, {"until-eof", no_argument, NULL, 'u'},
        {0},
    };
    struct options options = {.serial_number = "HOST"};
    for (int option; (option = getopt_long(count, words, "", known, NULL)) != -1;) {
        switch (option) {
        case 'p': options.pty = optarg; break;
        case 't': options.tcp = optarg; break;
        case 's': options.serial_number = optarg; break;
        case 'e': options.eeprom = optarg; break;
        case 'c': options.circuit = optarg; break;
        case 'u': options.until_eof = true; break;
        default: fputs(USAGE, stderr); exit(2);
        }
    }
    if (optind != count || options.circuit == NULL || (options.pty == NULL) == (options.tcp == NULL)) {
        fputs(USAGE, stderr);
        exit(2);
    }
    if (strlen(options.serial_number) > TEXT_MAX) {
        fprintf(stderr, "--serial: may have %u characters\n", TEXT_MAX);
        exit(2);
    }
    return options;
}

/* A reply on its way out of the port. */
struct outgoing {
    unsigned char bytes[LABRIG_BODY_MAX + 2];
    size_t count, sent;
    uint32_t moved_ms; /* when some of it was taken last */
};

static void take_reply(struct outgoing *reply)
{
    reply->count = reply->sent = 0;
    while (labrig_transmit(&board, &reply->bytes[reply->count])) {
        reply->count++;
    }
    reply->moved_ms = labrig_hal_milliseconds();
}

/* Send as much of a reply as the port takes; what nobody takes for a second is lost, as on a wire. Never waits, because
 * the heartbeat goes on. True: a reply has left, and there may be another. */
static bool send_reply(struct port *port, struct outgoing *reply)
{
    if (reply->sent == reply->count) {
        take_reply(reply);
    }
    if (reply->count == 0) {
        return false;
    }
    const ssize_t written = port_write(port, reply->bytes + reply->sent, reply->count - reply->sent);
    const uint32_t now_ms = labrig_hal_milliseconds();
    if (written > 0) {
        reply->sent += (size_t)written;
        reply->moved_ms = now_ms;
    } else if (written < 0) {
        reply->sent = reply->count;
        labrig_line_lost(&board);
    } else if (now_ms - reply->moved_ms >= LOST_AFTER_MS) {
        reply->sent = reply->count;
    }
    return reply->sent == reply->count;
}

static void receive_bytes(struct port *port)
{
    unsigned char bytes[LABRIG_RX_BYTES];
    port_accept(port);
    const ssize_t count = port_read(port, bytes, labrig_room(&board));
    if (count < 0) {
        labrig_line_lost(&board);
    }
    for (ssize_t k = 0; k < count; k++) {
        labrig_receive(&board, bytes[k]);
    }
}

static bool at_end_of_input(const struct pollfd *input)
{
    char ignored[64];
    return input->revents != 0 && read(input->fd, ignored, sizeof ignored) <= 0;
}

/* Signals are let in while waiting, and nowhere else. */
static void serve(struct port *port, const sigset_t *awake, bool until_eof)
{
    const struct timespec grain = {.tv_nsec = GRAIN_MS * 1000000l};
    struct outgoing reply = {0};
    while (!ending) {
        const bool stuck = reply.sent < reply.count;
        struct pollfd waiting[] = {
            {
                .fd = port_descriptor(port),
                .events = (short)((labrig_room(&board) > 0 ? POLLIN : 0) | (stuck ? POLLOUT : 0)),
            },
            {.fd = until_eof ? STDIN_FILENO : -1, .events = POLLIN},
        };
        if (ppoll(waiting, 2, board.armed || stuck ? &grain : NULL, awake) < 0) {
            if (errno != EINTR) {
                perror("ppoll");
                exit(1);
            }
            continue;
        }
        if (at_end_of_input(&waiting[1])) {
            return;
        }
        receive_bytes(port);
        do {
            while (labrig_poll(&board)) {
            }
        } while (send_reply(port, &reply));
    }
}

static void catch_signals(sigset_t *awake)
{
    const struct sigaction action = {.sa_handler = end};
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, awake);
    sigdelset(awake, SIGTERM);
    sigdelset(awake, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int count, char **words)
{
    sigset_t awake;
    struct port port;
    const struct options options = read_options(count, words);
    circuit_file_read(options.circuit, options.serial_number, &circuit);
    const uint32_t boot_count = eeprom_count_boot(options.eeprom);
    catch_signals(&awake);
    if (options.pty != NULL) {
        port_open_terminal(&port, options.pty);
    } else {
        port_open_tcp(&port, options.tcp);
    }
    hal_attach(&circuit);
    labrig_start(&board, &circuit.config, boot_count);
    printf("ready %s\n", port.resource);
    fflush(stdout);
    serve(&port, &awake, options.until_eof);
    port_close(&port);
    return 0;
}
