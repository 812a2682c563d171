/* Licence of this file: GPL-3.0-or-later, because it uses libsimavr. */
#include "machine.h"

#include <errno.h>
#include <poll.h>
#include <simavr/avr_adc.h>
#include <simavr/sim_core.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_interrupts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "opening.h"

#define HERTZ 16000000u
#define INTERRUPT_ENTRY 5u /* cycles that libsimavr does not count; as many again out of sleep */
#define SLICE 1600u        /* cycles between two looks at the port */
#define NS_A_CYCLE (1e9 / HERTZ)
#define LISTEN_WITHIN (10ull * HERTZ)
#define ROOM_TEMPERATURE_MV 750u /* of a TMP36 at 25 degrees Celsius */
#define PLAY_WITHIN (600ull * HERTZ)
#define MOST_OWED (HERTZ / 100u)
#define PACE_GRAIN_NS 50000.0
#define LOOP_CYCLES 16u          /* of a program that hangs, a few rounds */
#define BOOT_LOADER_NS 500000000u /* that a boot loader waits for a new program */

static struct machine *self; /* libsimavr hands its callbacks no context */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void receive_bytes(struct machine *machine)
{
    unsigned char bytes[4096];
    size_t room = usart_room(&machine->usart);
    port_accept(machine->port);
    room = room < sizeof bytes ? room : sizeof bytes;
    const ssize_t count = port_read(machine->port, bytes, room);
    if (count > 0) {
        usart_feed(&machine->usart, bytes, (size_t)count);
    }
}

/* Wait for bytes, a signal, the end of standard input, or for so long. Signals come in here and nowhere else. Returns
 * whether there are bytes. */
static bool wait_ns(struct machine *machine, double ns)
{
    struct pollfd waiting[] = {
        {.fd = usart_room(&machine->usart) > 0 ? port_descriptor(machine->port) : -1, .events = POLLIN},
        {.fd = machine->until_eof ? STDIN_FILENO : -1, .events = POLLIN},
    };
    const struct timespec patience = {.tv_sec = (time_t)(ns / 1e9), .tv_nsec = (long)(ns - 1e9 * (double)(time_t)(ns / 1e9))};
    char ignored[64];
    if (ppoll(waiting, 2, &patience, machine->awake) <= 0) {
        return false;
    }
    if (waiting[1].revents != 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) {
        *machine->ending = 1;
    }
    return waiting[0].revents != 0;
}

/* By how much emulated time is ahead of the wall's. */
static double ahead_ns(const struct machine *machine)
{
    return (double)(machine->avr->cycle - machine->cycles) * NS_A_CYCLE - (double)(now_ns() - machine->wall_ns);
}

static void agree(struct machine *machine)
{
    machine->wall_ns = now_ns();
    machine->cycles = machine->avr->cycle;
}

static void send_bytes(struct machine *machine)
{
    if (machine->out > 0 && machine->port != NULL) {
        port_write_all(machine->port, machine->outbox, machine->out);
    }
    machine->out = 0;
}

static void byte_sent(void *context, uint8_t byte)
{
    struct machine *machine = context;
    if (machine->play != NULL) {
        if (play_byte(machine->play, byte)) {
            machine->played = play_go_on(machine->play, &machine->usart, machine->bench);
        }
        return;
    }
    machine->outbox[machine->out++] = byte;
    if (!machine->usart.busy || byte == 0 || machine->out == OUTBOX) {
        send_bytes(machine);
    }
}

/* The processor sleeps, and nothing is due for so many cycles. Returns how many of them have passed. */
static avr_cycle_count_t sleep_cycles(struct machine *machine, avr_cycle_count_t due)
{
    machine->slept = true;
    if (machine->port == NULL || usart_active(&machine->usart)) {
        return due;
    }
    const uint64_t began = now_ns();
    if (machine->owed < due) {
        (void)wait_ns(machine, (double)(due - machine->owed) * NS_A_CYCLE);
    }
    const avr_cycle_count_t passed = machine->owed + (avr_cycle_count_t)((double)(now_ns() - began) / NS_A_CYCLE);
    const avr_cycle_count_t taken = passed < due ? passed : due;
    machine->owed = passed - taken < MOST_OWED ? passed - taken : MOST_OWED;
    return taken;
}

/* One round of libsimavr's main loop, with a sleep of our own. */
static void run(avr_t *avr)
{
    if (self->hangs) {
        avr->cycle += LOOP_CYCLES;
        (void)avr_cycle_timer_process(avr);
        return;
    }
    avr_flashaddr_t next = avr->pc;
    if (avr->state == cpu_Running) {
        next = avr_run_one(avr);
    }
    const avr_cycle_count_t due = avr_cycle_timer_process(avr);
    avr->pc = next;
    if (avr->state == cpu_Sleeping) {
        avr->cycle += sleep_cycles(self, due);
    }
    if (avr->state == cpu_Running || avr->state == cpu_Sleeping) {
        avr_service_interrupts(avr);
    }
}

static void interrupt_runs(struct avr_irq_t *irq, uint32_t value, void *param)
{
    struct machine *machine = param;
    (void)irq;
    if (value != 0) {
        machine->avr->cycle += machine->slept ? 2u * INTERRUPT_ENTRY : INTERRUPT_ENTRY;
        machine->slept = false;
    }
}

static void was_reset(struct avr_io_t *module)
{
    struct machine *machine = self;
    (void)module;
    machine->resets++;
    machine->hangs = false;
    machine->watchdog_resets += machine->avr->run != run; /* libsimavr's watchdog resets from a loop of its own */
    usart_reset(&machine->usart);
    bench_reset(machine->bench);
}

static void be_quiet(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level <= LOG_ERROR) {
        vfprintf(stderr, format, arguments);
    }
}

static void load(avr_t *avr, const char *firmware)
{
    elf_firmware_t file = {0};
    if (elf_read_firmware(firmware, &file) != 0) {
        fprintf(stderr, "--firmware: %s cannot be read\n", firmware);
        exit(2);
    }
    avr_load_firmware(avr, &file);
    avr->frequency = HERTZ;
}

void machine_build(struct machine *machine, const char *firmware, struct bench *bench, struct eeprom_image *eeprom,
                   double baud, bool paced)
{
    self = machine;
    avr_global_logger_set(be_quiet);
    machine->avr = avr_make_mcu_by_name("atmega2560");
    if (machine->avr == NULL) {
        fputs("this libsimavr knows no atmega2560\n", stderr);
        exit(1);
    }
    machine->bench = bench;
    machine->eeprom = eeprom;
    machine->paced = paced;
    avr_init(machine->avr);
    load(machine->avr, firmware);
    machine->avr->run = run;
    machine->avr->vcc = machine->avr->avcc = 5000;
    machine->usart.sent = byte_sent;
    machine->usart.context = machine;
    machine->usart.mishaps = &machine->mishaps;
    usart_attach(&machine->usart, machine->avr, baud);
    bench_attach(bench, machine->avr);
    eeprom_image_insert(eeprom, machine->avr);
    avr_raise_irq(avr_io_getirq(machine->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), ROOM_TEMPERATURE_MV);
    machine->module = (avr_io_t){.kind = "labrig", .reset = was_reset};
    avr_register_io(machine->avr, &machine->module);
    avr_irq_register_notify(avr_get_interrupt_irq(machine->avr, AVR_INT_ANY) + AVR_INT_IRQ_RUNNING, interrupt_runs, machine);
}

static void run_until(struct machine *machine, avr_cycle_count_t cycle)
{
    while (machine->avr->cycle < cycle) {
        const int state = avr_run(machine->avr);
        if (state == cpu_Crashed || state == cpu_Done) {
            fprintf(stderr, "the firmware crashed at 0x%05X\n", machine->avr->pc);
            exit(1);
        }
    }
}

void machine_boot(struct machine *machine)
{
    while (!usart_listening(&machine->usart)) {
        if (machine->avr->cycle > LISTEN_WITHIN) {
            fputs("the firmware does not listen\n", stderr);
            exit(1);
        }
        run_until(machine, machine->avr->cycle + SLICE);
    }
    eeprom_image_keep(machine->eeprom, machine->avr);
}

static void befall(struct machine *machine)
{
    if (mishaps_due(&machine->mishaps, BROWN_OUT, machine->usart.bytes_down)) {
        avr_reset(machine->avr);
    }
    if (mishaps_due(&machine->mishaps, HANG, machine->usart.bytes_down)) {
        machine->hangs = true;
    }
}

/* The boot loader answers nothing of what comes, and knows no time but its own. */
static void wait_for_boot_loader(struct machine *machine)
{
    unsigned char ignored[4096];
    const uint64_t now = now_ns();
    if (now >= machine->boot_loader_ns) {
        machine->boot_loader_ns = 0;
        agree(machine);
    } else if (wait_ns(machine, (double)(machine->boot_loader_ns - now))) {
        (void)port_read(machine->port, ignored, sizeof ignored);
    }
}

static void run_slice(struct machine *machine)
{
    const double ahead = ahead_ns(machine);
    if (ahead < 0.0) {
        agree(machine); /* time lost is not made up for */
    }
    if (wait_ns(machine, machine->paced && ahead > PACE_GRAIN_NS ? ahead : 0.0)) {
        receive_bytes(machine);
    }
    run_until(machine, machine->avr->cycle + SLICE);
    befall(machine);
    eeprom_image_keep(machine->eeprom, machine->avr);
}

void machine_serve(struct machine *machine, struct port *port, const sigset_t *awake, bool until_eof,
                   volatile sig_atomic_t *ending)
{
    machine->port = port;
    machine->awake = awake;
    machine->until_eof = until_eof;
    machine->ending = ending;
    agree(machine);
    while (!*ending) {
        if (machine->watch >= 0 && opening_seen(machine->watch)) {
            avr_reset(machine->avr);
            machine->boot_loader_ns = now_ns() + BOOT_LOADER_NS;
        }
        if (machine->boot_loader_ns != 0) {
            wait_for_boot_loader(machine);
        } else {
            run_slice(machine);
        }
    }
}

void machine_play(struct machine *machine, struct play *play)
{
    machine->play = play;
    machine->played = play_go_on(play, &machine->usart, machine->bench);
    const avr_cycle_count_t latest = machine->avr->cycle + PLAY_WITHIN;
    while (!machine->played) {
        if (machine->avr->cycle > latest) {
            fputs("the board does not answer what is played\n", stderr);
            exit(1);
        }
        run_until(machine, machine->avr->cycle + SLICE);
    }
}

void machine_report(const struct machine *machine, const char *path)
{
    const struct part_abuse abuse = bench_abuse(machine->bench);
    const struct bench *bench = machine->bench;
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    fprintf(file,
            "{\"cycles\": %llu, \"bytes_down\": %lu, \"bytes_up\": %lu, \"receive_overruns\": %lu, \"mishap_overruns\": %lu,\n"
            " \"spi_bytes\": %lu, \"spi_collisions\": %lu, \"select_faults\": %lu, \"select_cuts\": %lu,\n"
            " \"nobody_selected\": %lu, \"parallel_switches\": %lu,\n"
            " \"parts\": {\"too_fast\": %lu, \"wrong_mode\": %lu, \"cut_short\": %lu, \"refused\": %lu, \"too_soon\": %lu},\n"
            " \"resets\": %lu, \"watchdog_resets\": %lu,\n"
            " \"driving\": %u, \"release_cycle\": %llu, \"heard_cycle\": %llu",
            (unsigned long long)machine->avr->cycle, machine->usart.bytes_down, machine->usart.bytes_up,
            machine->usart.overruns, machine->usart.mishap_overruns, bench->spi.bytes, bench->spi.collisions, bench->select_faults, bench->select_cuts,
            bench->nobody, bench->parallel, abuse.too_fast, abuse.wrong_mode, abuse.cut_short, abuse.refused,
            abuse.too_soon, machine->resets, machine->watchdog_resets, bench->driving,
            (unsigned long long)bench->release_cycle, (unsigned long long)machine->usart.heard_cycle);
    if (machine->play != NULL) {
        play_report(machine->play, file);
    }
    fputs("}\n", file);
    if (fclose(file) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
}
