/* labrig-board-atmega2560: the firmware of targets/atmega2560 on an emulated processor, with its parts and a circuit
 * around it, behind a pseudo-terminal or TCP.
 *
 * This program and the files beside it are free software: you can redistribute them and/or modify them under the terms
 * of the GNU General Public License, version 3 or later, because they use libsimavr, which is under that licence. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "circuit_file.h"
#include "eeprom_image.h"
#include "labrig_protocol.h"
#include "machine.h"
#include "opening.h"
#include "port.h"

#define USAGE                                                                                                          \
    "usage: labrig-board-atmega2560 (--pty PATH | --tcp HOST:PORT | --play FILE) --circuit FILE [--serial TEXT] [--eeprom FILE]\n"                       \
    "       [--firmware ELF] [--baud N] [--paced | --free] [--statistics FILE] [--until-eof]\n"                                              \
    "       [--brown-out BYTES] ... [--hang BYTES] ... [--overrun BYTES] ... [--reset-at-open]\n"                                          \
    "       --free: emulated time runs ahead of the wall's while there is work to do (default); --paced: it never does\n"                    \
    "       --play: be the host too, one without delay; the script's lines are in emulator/play.h\n"                                          \
    "       --brown-out: the supply dips once so many bytes have come, and the processor is reset; the parts keep what they hold\n"           \
    "       --hang: the program hangs with interrupts off, until its watchdog resets it\n"                                                   \
    "       --overrun: the receiver loses a byte\n"                                                                                        \
    "       --reset-at-open: whoever opens the terminal resets the processor, and its boot loader comes first, for half a second\n"         \
    "       --statistics: written at the end, one JSON object\n"                                                                             \
    "       --until-eof: end when standard input ends, as it does when a parent process dies\n"

struct options {
    const char *pty, *tcp, *play, *serial_number, *eeprom, *circuit, *firmware, *statistics;
    double baud;
    struct mishaps mishaps;
    bool until_eof, paced, resets_at_open;
};

static volatile sig_atomic_t ending;
static struct circuit circuit;
static struct bench bench;
static struct eeprom_image eeprom;
static struct machine machine;
static struct play play;

static void end(int signal)
{
    (void)signal;
    ending = 1;
}

static double read_baud(const char *text)
{
    char *rest;
    const double baud = strtod(text, &rest);
    if (rest == text || *rest != '\0' || !(baud >= 1200.0 && baud <= 2e6)) {
        fprintf(stderr, "--baud: found '%s', must be a number from 1200 to 2000000\n", text);
        exit(2);
    }
    return baud;
}

static void plan(struct options *options, enum mishap kind, const char *option, const char *text)
{
    char *rest;
    const unsigned long bytes = strtoul(text, &rest, 10);
    if (rest == text || *rest != '\0' || *text == '-' || bytes == 0) {
        fprintf(stderr, "--%s: found '%s', must be a number of bytes, 1 or more\n", option, text);
        exit(2);
    }
    mishaps_plan(&options->mishaps, kind, bytes);
}

static struct options read_options(int count, char **words)
{
    static const struct option known[] = {
        {"pty", required_argument, NULL, 'p'},      {"tcp", required_argument, NULL, 't'},
        {"serial", required_argument, NULL, 's'},   {"eeprom", required_argument, NULL, 'e'},
        {"circuit", required_argument, NULL, 'c'},  {"until-eof", no_argument, NULL, 'u'},
        {"firmware", required_argument, NULL, 'f'}, {"statistics", required_argument, NULL, 'S'},
        {"baud", required_argument, NULL, 'b'},     {"paced", no_argument, NULL, 'P'},
        {"free", no_argument, NULL, 'F'},           {"brown-out", required_argument, NULL, 'B'},
        {"play", required_argument, NULL, 'y'},     {"hang", required_argument, NULL, 'H'},
        {"overrun", required_argument, NULL, 'O'},  {"reset-at-open", no_argument, NULL, 'R'},
        {0},
    };
    struct options options = {.serial_number = "EMULATED", .firmware = NULL};
    for (int option; (option = getopt_long(count, words, "", known, NULL)) != -1;) {
        switch (option) {
        case 'p': options.pty = optarg; break;
        case 't': options.tcp = optarg; break;
        case 's': options.serial_number = optarg; break;
        case 'e': options.eeprom = optarg; break;
        case 'c': options.circuit = optarg; break;
        case 'u': options.until_eof = true; break;
        case 'f': options.firmware = optarg; break;
        case 'S': options.statistics = optarg; break;
        case 'b': options.baud = read_baud(optarg); break;
        case 'P': options.paced = true; break;
        case 'y': options.play = optarg; break;
        case 'F': options.paced = false; break;
        case 'B': plan(&options, BROWN_OUT, "brown-out", optarg); break;
        case 'H': plan(&options, HANG, "hang", optarg); break;
        case 'O': plan(&options, OVERRUN, "overrun", optarg); break;
        case 'R': options.resets_at_open = true; break;
        default: fputs(USAGE, stderr); exit(2);
        }
    }
    if (optind != count || options.circuit == NULL || (options.pty != NULL) + (options.tcp != NULL) + (options.play != NULL) != 1) {
        fputs(USAGE, stderr);
        exit(2);
    }
    if (options.resets_at_open && options.pty == NULL) {
        fputs("--reset-at-open: needs --pty; only a terminal has DTR\n", stderr);
        exit(2);
    }
    return options;
}

/* The nudge resistors of the reference board have 100 kohm, unless the circuit's range excludes that. */
static double nudge_conductance(const struct labrig_config *config)
{
    const double least = config->through_min_ns / (double)LABRIG_PER_NS;
    const double most = config->through_max_ns / (double)LABRIG_PER_NS;
    return 10e-6 < least ? least : 10e-6 > most ? most : 10e-6;
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

/* Beside the program, unless it is named. */
static void find_firmware(struct options *options, const char *name, char *path, size_t size)
{
    if (options->firmware != NULL) {
        return;
    }
    const ssize_t count = readlink("/proc/self/exe", path, size - 1);
    path[count > 0 ? count : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + strlen(name) + 1u > size) {
        fputs("--firmware: is missing\n", stderr);
        exit(2);
    }
    strcpy(slash, name);
    options->firmware = path;
}

static void serve(const struct options *options, const sigset_t *awake)
{
    struct port port;
    if (options->pty != NULL) {
        port_open_terminal(&port, options->pty);
    } else {
        port_open_tcp(&port, options->tcp);
    }
    machine.watch = options->resets_at_open ? opening_watch(port.resource) : -1;
    printf("ready %s\n", port.resource);
    fflush(stdout);
    machine_serve(&machine, &port, awake, options->until_eof, &ending);
    port_close(&port);
}

int main(int count, char **words)
{
    static char beside[4096];
    sigset_t awake;
    struct options options = read_options(count, words);
    circuit_file_read(options.circuit, options.serial_number, &circuit);
    find_firmware(&options, circuit.has_memristors ? "/labrig-atmega2560-memristors.elf" : "/labrig-atmega2560.elf", beside,
                  sizeof beside);
    if (options.baud == 0.0) {
        options.baud = circuit.has_memristors ? 115200.0 : 1e6; /* the firmware for memristors is the portable one */
    }
    bench.nudge = nudge_conductance(&circuit.config);
    bench_build(&bench, &circuit);
    eeprom_image_load(&eeprom, options.eeprom, &circuit, bench.nudge, (uint32_t)(options.baud + 0.5));
    catch_signals(&awake);
    machine_build(&machine, options.firmware, &bench, &eeprom, options.baud, options.paced);
    machine.mishaps = options.mishaps;
    machine_boot(&machine);
    if (options.play != NULL) {
        play_load(&play, options.play);
        machine_play(&machine, &play);
    } else {
        serve(&options, &awake);
    }
    if (options.statistics != NULL) {
        machine_report(&machine, options.statistics);
    }
    return 0;
}
