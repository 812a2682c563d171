"""Whole conversations with a board, frame by frame."""

from collections.abc import Sequence

from reference.board import CROSSBAR, DIVIDER, GRAPH, MEMRISTORS, Bench, Circuit, State, measure_request
from reference.learning import Learner, Rule, code_of, learn_request
from reference.pulsing import UNUSED, Had, Program, Programmer, Pulse, Ramp, pulse_request, verify_request
from reference.wire import (
    DEFINITION,
    FEATURES,
    FINGERPRINT,
    STATUS,
    TYPES,
    bitmap,
    damage,
    digest,
    fields,
    frame,
    pack,
)

Turn = dict[str, str]


class Dialogue:
    """Requests and what a board that was just started must answer, frame by frame."""

    def __init__(self, name: str, file: str, circuit: Circuit) -> None:
        self.name, self.file, self.circuit = name, file, circuit
        self.bench = Bench(circuit)
        self.seq = 0
        self.turns: list[Turn] = []

    def raw(self, what: str, request: bytes, reply: bytes | None) -> None:
        self.turns.append({"what": what, "request": request.hex(), "reply": reply.hex() if reply else ""})

    def ask(
        self,
        what: str,
        message: str,
        payload: bytes = b"",
        reply: bytes = b"",
        status: str = "ok",
        seq: int | None = None,
    ) -> None:
        kind = TYPES[message]
        used = self.seq if seq is None else seq
        self.raw(what, frame(kind, used, 0, payload), frame(kind | 0x80, used, STATUS[status], reply))
        if seq is None and DEFINITION["messages"][message].get("session", True):
            self.seq = (self.seq + 1) % 256

    def refused(self, what: str, message: str, seq: int, expected: int, payload: bytes = b"") -> None:
        nak = fields("nak", "reply", code=STATUS["sequence"], expected=expected, boot_count=1)
        request = frame(TYPES[message], seq, 0, payload)
        self.raw(what, request, frame(TYPES["nak"], seq, STATUS["sequence"], nak))

    def tlv(self) -> bytes:
        return b"\x01\x04TEST\x02\x04TEST"

    def pulses(self) -> bytes:
        model = self.circuit.memristors
        if model is None:
            return b""
        volts = b"".join(round(value * 1000).to_bytes(2, "little") for value in model.pulses[:3])
        seconds = b"".join(round(value * 10**8).to_bytes(4, "little") for value in model.pulses[3:])
        return b"\x03\x0e" + volts + seconds

    def lacks(self) -> set[str]:
        """Features that the board does not have."""
        learn = set() if self.circuit.learns else {"learn"}
        return learn if self.circuit.memristors else {*learn, "pulse", "verify"}

    def hello(self, seq: int, version: int = DEFINITION["version"], status: str = "ok") -> None:
        c = self.circuit
        reply = fields(
            "hello",
            "reply",
            version=DEFINITION["version"],
            fingerprint=FINGERPRINT,
            firmware_major=0,
            firmware_minor=1,
            firmware_patch=0,
            boot_count=1,
            window=4095,
            credit=16,
            inputs=c.inputs,
            outputs=c.outputs,
            hidden=c.hidden,
            branches=len(c.branches),
            code_bits=c.code_bits,
            code_min=c.codes[0],
            code_max=c.codes[1],
            adc_bits=c.adc[0],
            adc_span=round(c.adc[1] * 10**6),
            dac_bits=c.dac[0],
            dac_span=round(c.dac[1] * 10**6),
            drive=round(c.drive * 1000),
            features=sum(1 << bit for name, bit in FEATURES.items() if name not in self.lacks()),
            through_min=round(c.through[0] * 10**9),
            through_max=round(c.through[1] * 10**9),
            heartbeat=1000,
            max_averages=16,
        )
        request = fields("hello", "request", version=version, fingerprint=FINGERPRINT)
        told = reply + self.tlv() + self.pulses()
        self.ask(f"hello, version {version}", "hello", request, told, status, seq=seq)
        if status == "ok":
            self.seq = (seq + 1) % 256

    def write(self, what: str, codes: Sequence[int], start: int = 0) -> None:
        payload = fields("write", "request", start=start, count=len(codes))
        self.ask(what, "write", payload + pack(codes, self.circuit.code_bits))
        self.bench.codes[start : start + len(codes)] = codes

    def digest_reply(self) -> bytes:
        return fields("digest", "reply", digest=digest(self.bench.codes), boot_count=1)

    def measure(
        self, what: str, states: Sequence[State], start: int, count: int, averages: int = 1, settle: int = 0
    ) -> None:
        reply = self.bench.measure(states, start, count, averages)
        request = measure_request(self.circuit, states, start, count, averages, settle)
        self.ask(what, "measure", request, reply)

    def rejected(
        self, what: str, status: str, states: Sequence[State], count: int = 1, averages: int = 1
    ) -> None:
        request = measure_request(self.circuit, states, 0, count, averages)
        self.ask(what, "measure", request, status=status)

    def arm(self) -> None:
        self.ask("arm for 10 s", "arm", fields("arm", "request", heartbeat=10_000))


def session_dialogue() -> Dialogue:
    d = Dialogue("session", "divider.circuit", DIVIDER)
    identity = fields("identify", "reply", version=1, fingerprint=FINGERPRINT, boot_count=1) + d.tlv()
    d.ask("who is there, before any session", "identify", reply=identity, seq=77)
    d.refused("no session yet", "ping", seq=0, expected=0)
    d.hello(seq=254, version=2, status="range")
    d.refused("a hello of another version starts no session", "ping", seq=255, expected=0)
    d.hello(seq=254)
    d.ask("first of the session", "ping", b"one", b"one", seq=255)
    d.refused("ahead", "ping", seq=1, expected=0, payload=b"three")
    d.ask("the sequence number wraps", "ping", b"\0two\0", b"\0two\0", seq=0)
    d.ask("an older one is answered as it was, whatever it carries now", "ping", b"", b"one", seq=255)
    d.refused("older than the session", "ping", seq=254, expected=1)
    d.ask("unknown to this board", "heartbeat", b"x", status="length", seq=1)
    d.ask("a refusal is repeated too", "heartbeat", b"", status="length", seq=1)
    d.raw("an unknown type takes its number", frame(0x7E, 2, 0, b""), frame(0xFE, 2, STATUS["unknown"], b""))
    d.raw("an echo of a reply is not answered", frame(0x82, 3, 0, b""), None)
    d.raw("a frame with a wrong CRC is not answered", damage(frame(TYPES["ping"], 3, 0, b"data")), None)
    d.ask("and the next one is", "heartbeat", seq=3)
    d.hello(seq=3)
    d.refused("a new session forgets the old one", "ping", seq=2, expected=4)
    return d


def span(message: str, start: int, count: int) -> bytes:
    """Head of a WRITE, WRITE_SPARSE or READ."""
    return fields(message, "request", start=start, count=count)


def codes_dialogue() -> Dialogue:
    d = Dialogue("codes", "graph.circuit", GRAPH)
    d.hello(seq=0)
    d.ask("the codes at start", "digest", reply=d.digest_reply())
    d.write("all codes", [0, 256, 1, 255, 128, 64, 3, 77])
    d.write("two in the middle", [200, 201], start=3)
    sparse = span("write_sparse", 1, 6) + bitmap([0, 3, 5], 6) + pack([11, 12, 13], 9)
    d.ask("three out of six", "write_sparse", sparse)
    for branch, code in ((1, 11), (4, 12), (6, 13)):
        d.bench.codes[branch] = code
    reply = d.digest_reply()
    d.ask("confirm", "apply", reply[:4], reply)
    d.ask("confirm something else", "apply", b"\1\2\3\4", reply, status="read_back")
    d.ask("read back, stuck wipers included", "read", span("read", 2, 6), pack(d.bench.codes[2:], 9))
    d.ask("read nothing", "read", span("read", 8, 0))
    d.ask("read beyond the last branch", "read", span("read", 7, 2), status="range")
    d.ask("a code above the legal range", "write", span("write", 0, 2) + pack([0, 257], 9), status="range")
    d.ask("a byte too many", "write", span("write", 0, 1) + pack([1], 9) + b"\0", status="length")
    d.ask("half a header", "write", b"\0\0", status="length")
    d.ask("a bitmap without its codes", "write_sparse", span("write_sparse", 0, 8) + b"\xff", status="length")
    d.ask("a branch that is not there", "write_sparse", span("write_sparse", 8, 1) + b"\0", status="range")
    d.ask("a bit behind the bitmap", "write_sparse", span("write_sparse", 0, 3) + b"\x08", status="range")
    d.ask("refusals have changed nothing", "digest", reply=reply)
    return d


def divider_dialogue() -> Dialogue:
    """1000 ohm from each input to the output, 100 ohm of drive: free output = mean of the inputs."""
    d = Dialogue("divider", "divider.circuit", DIVIDER)
    free = State(inputs={0: 1000, 1: 3000})
    d.hello(seq=9)
    d.rejected("nothing is driven while disarmed", "not_armed", [free])
    d.measure("all released may be scanned", [State(inputs={})], 0, 6)
    d.arm()
    d.measure("free: 1091, 2909, 2000 mV, then the drivers' side", [free], 0, 6)
    d.measure("the last boundary stays imposed: scan it again, summed 3 times", [], 0, 3, averages=3)
    d.measure("clamped at 2500 mV", [State(clamps={0: 2500})], 0, 6)
    d.measure(
        "free, stored; then half-way to 3001",
        [free._replace(store=True), State(toward=(8192, {0: 3001}))],
        2,
        4,
    )
    d.measure("away from it", [State(toward=(-4096, {0: 3001}))], 2, 1)
    d.measure("through 1 mS to 3500 mV", [State(through=(1_000_000, {0: 3500}))], 0, 6)
    d.measure("1 mA out of the output", [State(inject={0: -1_000_000_000})], 0, 6)
    d.write("other codes", [3, 18])
    d.measure("as new codes want it", [State(), State(inputs={1: 4095}), State(inputs={0: 4095})], 0, 3)
    d.ask("safe", "safe")
    d.rejected("safe disarms", "not_armed", [free])
    return d


def graph_dialogue() -> Dialogue:
    d = Dialogue("graph", "graph.circuit", GRAPH)
    free = State(inputs={0: 1000, 1: 123})
    d.hello(seq=200)
    d.arm()
    d.rejected("inputs as before, where there are none", "range", [State(clamps={0: 5})])
    d.rejected("a nudge without a stored state", "range", [free, State(toward=(100, {1: 7}))])
    d.rejected("an output named twice", "range", [State(inputs={}, clamps={1: 5}, inject={1: 5})])
    d.rejected("a conductance that the board has not", "range", [State(inputs={}, through=(999, {1: 5}))])
    d.rejected("more averages than it takes", "range", [free], averages=17)
    d.rejected("channels that are not there", "range", [free], count=12)
    d.rejected("more readings than a reply holds", "length", [free] * 12, count=11)
    request = measure_request(GRAPH, [free], 0, 7)
    d.ask("a byte too many", "measure", request + b"\0", status="length")
    d.ask("a byte too few", "measure", request[:-1], status="length")
    d.ask(
        "a section that does not exist",
        "measure",
        measure_request(GRAPH, [], 0, 7)[:-1] + b"\1\x40",
        status="range",
    )
    d.measure("free; the line behind the open branch reads 0", [free], 0, 11)
    d.measure("16 averages of 16 bits", [State()], 0, 7, averages=16)
    d.write("codes", [10, 20, 30, 40, 50, 60, 70, 80])
    nudged = State(toward=(1638, {0: 700, 1: 300}))
    d.measure("stored with 5 averages, then nudged", [free._replace(store=True), nudged], 2, 5, averages=5)
    d.measure(
        "one clamp, one current, one input released",
        [State({1: 900}, False, {0: 512}, inject={1: 20_000_000})],
        0,
        11,
    )
    d.measure("the whole network nudged", [State({}, through=(10_000, {0: 333, 1: 1023}))], 0, 11)
    d.measure("nothing driven: everything at 0 V", [State({}, inject={0: 1_000_000})], 0, 11)
    return d


# 1/100 S over (code + 1), in latents of 2 mS / 15 * 2**20; the ceiling is code 4, the floor code 250.
RULE = Rule(117, 8, 153_600, 128, (4, 250), (313_320, 15 * 2**20))


SAMPLE = (State(inputs={0: 1000, 1: 2000, 2: 3500}), State(clamps={0: 1700, 1: 2600}))
OTHER = (State(inputs={0: 3000, 2: 500}), State(clamps={1: 1900}))
TOWARD = State(toward=(2**13, {0: 1700, 1: 2600}))
NUDGED = (SAMPLE[0]._replace(store=True), TOWARD)
SUMS = RULE._replace(averages=16)
IMPOSSIBLE = {
    "a shift that is neither 8 nor 16": RULE._replace(shift=20),
    "codes out of order": RULE._replace(codes=(9, 8)),
    "a ceiling above the latents": RULE._replace(latents=(0, 2**24)),
    "bounds out of order": RULE._replace(latents=(2, 1)),
    "a law above the latents": RULE._replace(law=2**24),
    "a rate above 127": RULE._replace(rate=128),
}


def learn_dialogue() -> Dialogue:
    d = Dialogue("learn", "crossbar.circuit", CROSSBAR)
    learner = Learner(d.bench)

    def latents(start: int, values: Sequence[int]) -> None:
        payload = span("latent_write", start, len(values)) + pack(values, 24)
        d.ask("latents", "latent_write", payload)
        learner.latents[start : start + len(values)] = values

    def told(start: int, count: int) -> None:
        reply = pack(learner.latents[start : start + count], 24)
        d.ask("what they are now", "latent_read", span("latent_read", start, count), reply)

    def learn(what: str, rule: Rule, states: Sequence[State], steps: int) -> None:
        request = learn_request(CROSSBAR, rule, states, steps)
        d.ask(what, "learn", request, learner.learn(rule, states, steps))

    def rejected(what: str, status: str, rule: Rule = RULE, states: Sequence[State] = SAMPLE) -> None:
        d.ask(what, "learn", learn_request(CROSSBAR, rule, states, 1), status=status)

    d.hello(seq=30)
    first = [4_000_000, 1_000_000, 700_000, 2_000_000, 313_320, 15 * 2**20]
    d.write("their codes", [code_of(RULE, latent) for latent in first])
    d.ask("no latents yet", "latent_read", span("latent_read", 0, 1), status="range")
    d.ask("latents out of order", "latent_write", span("latent_write", 1, 1) + bytes(3), status="range")
    d.ask("half a latent", "latent_write", span("latent_write", 0, 1) + bytes(2), status="length")
    latents(0, first[:4])
    d.arm()
    rejected("not all latents yet", "range")
    latents(4, first[4:])
    told(0, 6)
    d.ask("the codes are kept", "digest", reply=d.digest_reply())
    learn("one step", RULE, SAMPLE, 1)
    told(0, 6)
    d.ask("the digest is up to date", "digest", reply=d.digest_reply())
    d.ask("the codes as well", "read", span("read", 0, 6), pack(d.bench.codes, 8))
    d.measure("the clamped state is still imposed", [], 0, 5)
    learn("ten more, of three conversions", RULE._replace(averages=3), SAMPLE, 10)
    learn(
        "two samples a step, one input released in the other", RULE._replace(shift=16), (*SAMPLE, *OTHER), 3
    )
    told(1, 4)
    learn("nudged half of the way, where sixteen conversions add up to 16 bits", SUMS, NUDGED, 4)
    told(0, 6)
    d.ask("the reference is forgotten", "measure", measure_request(CROSSBAR, [TOWARD], 0, 5), status="range")
    rejected("a nudge without a stored state", "range", SUMS, (SAMPLE[0], TOWARD))
    near = RULE._replace(rate=127, codes=(127, 128), latents=(609_000, 610_000))
    learn("so fast that all reach a bound", near, SAMPLE, 2)
    told(0, 6)
    learn("an output that floats at the end of its range is not used", RULE, (State(inputs={}), SAMPLE[1]), 2)
    rejected("an odd number of boundaries", "range", states=SAMPLE[:1])
    rejected(
        "a stored state, where readings are no sums",
        "range",
        states=(SAMPLE[0]._replace(store=True), SAMPLE[1]),
    )
    for what, rule in IMPOSSIBLE.items():
        rejected(what, "range", rule)
    told(0, 6)
    d.write("other codes", [3, 18])
    rejected("a write forgets the latents", "range")
    d.ask("and keeps the codes", "digest", reply=d.digest_reply())
    return d


PROGRAM = Program(Ramp(700, 20, 1600), Ramp(800, 30, 2000), 1000, 60, 8, 164, 400)
"""From 700 or 800 mV on, of 10 us each, to 1 %; read at 400 mV."""
ODD = {
    "a branch that is not there": Pulse(6, 1000, 1000),
    "no amplitude": Pulse(0, 0, 1000),
    "too much to set": Pulse(0, 2010, 1000),
    "too much to reset": Pulse(0, -2510, 1000),
    "no multiple of the step": Pulse(0, 1005, 1000),
    "too short": Pulse(0, 1000, 99),
    "too long": Pulse(0, 1000, 1_000_001),
}
UNFIT = {
    "a start above the highest": PROGRAM._replace(set=Ramp(1610, 20, 1600)),
    "a highest above the range": PROGRAM._replace(reset=Ramp(800, 30, 2510)),
    "a step between the steps": PROGRAM._replace(set=Ramp(700, 25, 1600)),
    "no amplitude to start with": PROGRAM._replace(reset=Ramp(0, 30, 2000)),
    "no voltage to read at": PROGRAM._replace(read=0),
    "more voltage than the DAC has": PROGRAM._replace(read=4096),
    "no average": PROGRAM._replace(averages=0),
    "settling times of a heartbeat": PROGRAM._replace(settle=62_500),
    "a width above the range": PROGRAM._replace(width=1_000_001),
}


LOOK = State(inputs={0: 100, 1: 200, 2: 300}, clamps={0: 0, 1: 0})


def pulse_dialogue() -> Dialogue:
    d = Dialogue("pulse", "memristors.circuit", MEMRISTORS)
    programmer = Programmer(d.bench)

    def give(what: str, *pulses: Pulse) -> None:
        programmer.ground()
        for pulse in pulses:
            programmer.give(pulse)
        d.ask(what, "pulse", pulse_request(pulses), bytes([len(pulses)]))

    d.hello(seq=77)
    d.ask("no wipers to write", "write", span("write", 0, 0), status="unknown")
    d.ask("no wipers to read", "read", span("read", 0, 1), status="unknown")
    d.ask("no codes to tell", "digest", reply=fields("digest", "reply", digest=0, boot_count=1))
    one = Pulse(0, 1000, 1000)
    d.ask("no pulse while disarmed", "pulse", pulse_request([one]), status="not_armed")
    d.arm()
    d.measure("as they are", [LOOK], 0, 10)
    give("no pulse: all lines at 0 V", *())
    d.measure("as told", [], 0, 10)
    give("one that sets, one that resets", one, Pulse(5, -1500, 100_000))
    d.measure("moved", [LOOK], 0, 5)
    used = (d.seq - 2) % 256
    d.ask("the same request once more", "pulse", pulse_request([one, one]), bytes([2]), seq=used)
    d.measure("moved no further", [LOOK], 0, 5)
    give("below the threshold, and one that does not move", Pulse(1, 500, 1_000_000), Pulse(4, 2000, 1000))
    d.measure("neither moved", [LOOK], 0, 5)
    for what, pulse in ODD.items():
        d.ask(what, "pulse", pulse_request([one, pulse]), status="range")
    ten = [Pulse(0, 10, 1_000_000)]
    long = [Pulse(0, 10, 1_000_000)] * 28
    give("28 pulses of 10 ms", *long)
    d.ask("arm for half a second", "arm", fields("arm", "request", heartbeat=500))
    d.ask("as long as half the heartbeat", "pulse", pulse_request(ten * 25), status="range")
    give("a little less", *(ten * 24))
    d.arm()
    d.ask("a byte too few", "pulse", pulse_request([one])[:-1], status="length")
    d.ask("no count", "pulse", status="length")
    d.measure("refusals have moved nothing", [LOOK], 0, 5)
    return d


def verify_dialogue() -> Dialogue:
    d = Dialogue("verify", "memristors.circuit", MEMRISTORS)
    programmer = Programmer(d.bench)

    def verify(
        what: str, start: int, targets: Sequence[int], program: Program = PROGRAM, had: Had = UNUSED
    ) -> tuple[bytes, bytes]:
        request = verify_request(start, targets, program, had)
        reply = programmer.verify(start, targets, program, had)
        d.ask(what, "verify", request, reply)
        return request, reply

    d.hello(seq=250)
    d.ask("nothing while disarmed", "verify", verify_request(0, [50_000], PROGRAM), status="not_armed")
    d.arm()
    d.measure("as they are", [LOOK], 0, 10)
    request, reply = verify(
        "all six, one of which does not move", 0, [50_000, 8_000, 20_000, 0, 90_000, 30_000]
    )
    d.ask("the same request once more", "verify", request, reply, seq=(d.seq - 1) % 256)
    d.measure("all lines are at 0 V", [], 0, 10)
    d.measure("programmed", [LOOK], 0, 5)
    verify("all are there already", 0, [50_000, 8_000, 20_000], PROGRAM._replace(tolerance=330))
    few = PROGRAM._replace(most_pulses=4, averages=5)
    _, reply = verify("no more than four pulses", 3, [70_000], few)
    amplitude = int.from_bytes(reply[1:3], "little", signed=True)
    verify("and from there on", 3, [70_000, 0], PROGRAM._replace(averages=5), Had(4, 0, amplitude))
    verify("no reversal", 2, [60_000, 0, 0], PROGRAM._replace(most_reversals=0, tolerance=0))
    verify("only read", 0, [1] * 6, PROGRAM._replace(most_pulses=0, averages=16))
    verify("at the top of the converter", 0, [50_000], PROGRAM._replace(read=900))
    verify("nothing at all", 6, [])
    for what, program in UNFIT.items():
        d.ask(what, "verify", verify_request(0, [50_000], program), status="range")
    for what, had in {"more pulses than most": Had(61), "more reversals than most": Had(9, 9)}.items():
        d.ask(what, "verify", verify_request(0, [50_000], PROGRAM, had), status="range")
    d.ask("a branch behind the last", "verify", verify_request(5, [1, 1], PROGRAM), status="range")
    d.ask("half a target", "verify", verify_request(0, [1], PROGRAM)[:-2], status="length")
    d.measure("as before", [LOOK], 0, 5)
    return d


def every() -> list[Dialogue]:
    """All of them."""
    return [session_dialogue(), codes_dialogue(), divider_dialogue(), graph_dialogue()]
