"""The emulated board as a program, and whether its models notice what they are for."""

import re
import select
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import labrig
from labrig.sim.launch import launch_on
from labrig.wire.boundaries import WireBoundary, encode_boundary
from labrig.wire.definition import LatentWriteRequest, LearnRequest, MeasureRequest, Message, StatusReply
from labrig.wire.framing import Frame, encode_frame
from labrig.wire.messages import Payload, decode, encode
from tests.support.emulator import BUILT, PROGRAM, EmulatedStarter
from tests.support.firmware import FIRMWARE, SECONDS, Circuit, crossbar

SMALL = crossbar(4, 4, 100.0)
PAGE = (FIRMWARE / "targets/atmega2560/README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def abuse(emulator_built: None) -> str:
    """Folder of programs that do what a board must not."""
    subprocess.run(["make", "--silent", "-C", FIRMWARE, "abuse"], check=True)
    return str(BUILT / "abuse")


@pytest.mark.parametrize("baud", ["115200", "500000", "1000000"])
def test_frames_as_long_as_they_get_come_back_unchanged_at_every_rate(
    emulated: EmulatedStarter, baud: str
) -> None:
    rng = np.random.default_rng(7)
    board = emulated.board(SMALL, "--baud", baud)
    board.hello()
    for _ in range(10):
        data = rng.integers(0, 256, 232, dtype=np.uint8).tobytes()
        assert board.do(Message.PING, data) == data
    report = emulated.statistics(board)
    assert report.misuses == {}
    cycles_a_byte = 160e6 / int(baud)
    assert report.cycles > 10 * 240 * 2 * cycles_a_byte * 0.97  # 115200 is 2 % fast on the way back


def test_the_boot_count_and_the_name_outlive_the_processor(emulated: EmulatedStarter) -> None:
    for boots in (1, 2, 3):
        board = emulated.board(SMALL)
        told = board.hello()
        assert told.boot_count == boots
        assert b"A7F3" in told.tlv
        emulated.statistics(board)


def test_a_file_that_is_no_eeprom_is_not_taken_for_a_new_board(emulated: EmulatedStarter) -> None:
    (emulated.folder / "eeprom").write_text("7\n")
    with pytest.raises(ValueError, match="not enough values"):
        emulated.board(SMALL)


def test_silence_releases_all_drivers(emulated: EmulatedStarter) -> None:
    board = emulated.board(SMALL)
    board.hello()
    board.arm(300)
    board.measure(WireBoundary({0: 1000, 1: 2000}, {0: 5}))
    driven_at = time.monotonic()
    assert board.status().driven == 3
    while board.status().driven:
        assert time.monotonic() - driven_at < SECONDS
        time.sleep(0.01)
    assert time.monotonic() - driven_at > 0.25


LONG_SCAN = MeasureRequest(
    settle=0,
    averages=16,
    scan_start=0,
    scan_count=8,
    boundaries=8,
    body=8 * encode_boundary(WireBoundary({0: 1000, 1: 2000}, {0: 5}), SMALL.shape),
)
LONG_LEARN = LearnRequest(
    settle=0,
    averages=1,
    steps=65535,
    rate=1,
    shift=16,
    law=2**15,
    offset=100,
    lowest=10,
    highest=255,
    floor=0,
    ceiling=2**24 - 1,
    boundaries=2,
    body=encode_boundary(WireBoundary({0: 1000, 1: 2000}), SMALL.shape)
    + encode_boundary(WireBoundary(None, {0: 5}), SMALL.shape),
)


@pytest.mark.parametrize("request_sent", [None, LONG_SCAN, LONG_LEARN], ids=["idle", "scanning", "learning"])
def test_drivers_are_let_go_when_the_heartbeat_of_a_host_that_is_gone_runs_out(
    emulated: EmulatedStarter, request_sent: Payload | None
) -> None:
    """As the switches see it, in the board's own time."""
    board = emulated.board(replace(SMALL, codes=(8, 0, 255, 128), learns=True))
    board.hello()
    board.do(Message.LATENT_WRITE, encode(LatentWriteRequest(0, 16, bytes(3 * 16))))
    board.arm(1000)
    board.measure(WireBoundary({0: 1000, 1: 2000}, {0: 5}))
    if request_sent is not None:
        board.send(board.next(request_sent.message, encode(request_sent)))
    emulated.hang_up()
    time.sleep(1.5)
    told = emulated.statistics(board)
    assert told.driving == 0
    silence = (told.release_cycle - told.heard_cycle) / 16e6
    assert 1.0 - 0.002 < silence < 1.0 + 0.01, "a millisecond of its clock, and what it does at a stretch"


def test_boards_run_beside_each_other(emulated: EmulatedStarter) -> None:
    boards = [emulated.board(SMALL) for _ in range(3)]
    for k, board in enumerate(boards):
        board.hello()
        board.write(np.full(16, k))
    for k, board in enumerate(boards):
        board.arm()
        boundary = WireBoundary({0: 60_000, 1: 10})
        expected = SMALL.readings(np.full(16, k), boundary)
        assert np.abs(board.measure(boundary)[0] - expected).max() <= 1


def test_supply_and_temperature_are_those_of_the_bench(emulated: EmulatedStarter) -> None:
    status = emulated.board(SMALL).status()
    assert abs(status.supply - 5000) <= 25  # one step of the 10-bit converter at the band gap
    assert abs(status.temperature - 2500) <= 50  # likewise at 10 mV a degree


def test_a_paced_board_does_not_run_ahead_of_the_wall(emulated: EmulatedStarter) -> None:
    began = time.monotonic()
    board = emulated.board(SMALL, "--paced", "--baud", "115200")
    board.hello()
    for _ in range(20):
        board.do(Message.PING, bytes(100))
    report = emulated.statistics(board)
    booting = 0.1  # is not paced, and takes less
    assert report.cycles / 16e6 < time.monotonic() - began + booting


def test_the_board_ends_with_its_standard_input_where_it_is_told_to(emulated: EmulatedStarter) -> None:
    board = emulated.board(SMALL, "--until-eof")
    assert board.process.stdin is not None
    board.process.stdin.close()
    assert board.process.wait(SECONDS) == 0
    board.process.stdin = None


@pytest.mark.parametrize(
    ("circuit", "said"),
    [
        (crossbar(41, 30, 100.0), "room for 1200 branches and 72 lines; the circuit has 1230 and 71"),
        (replace(SMALL, codes=(7, 0, 127, 64)), "takes codes of 8 bits or more; the circuit has 7"),
        (replace(SMALL, part="AD5220"), "there is no model of AD5220"),
        (replace(SMALL, adc=(14, 5.0)), "there is no model of that ADC"),
        (replace(SMALL, dac=(10, 5.0)), "there is no model of that DAC"),
    ],
    ids=["size", "code", "wiper", "adc", "dac"],
)
def test_a_circuit_that_the_board_cannot_be_is_refused_in_one_line(
    emulator_built: None, tmp_path: Path, circuit: Circuit, said: str
) -> None:
    file = tmp_path / "circuit"
    file.write_text(circuit.text())
    ended = subprocess.run(
        [PROGRAM, "--pty", tmp_path / "port", "--circuit", file], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def run(emulated: EmulatedStarter, program: str, data: bytes = b"") -> dict[str, int]:
    """What was counted while another program ran on the board, with `data` sent to it."""
    board = emulated.board(SMALL, "--firmware", program)
    if data:
        board.send(Frame(Message.PING, 0, payload=data))
    time.sleep(0.2)
    report = emulated.statistics(board)
    return {**report.misuses, "watchdog resets": report.watchdog_resets}


def test_bytes_that_nobody_fetches_are_overruns(emulated: EmulatedStarter, abuse: str) -> None:
    counted = run(emulated, f"{abuse}/deaf.elf", data=b"x" * 20)
    encoded = len(encode_frame(Frame(Message.PING, 0, payload=b"x" * 20)))
    assert counted == {"receive overruns": encoded - 2, "watchdog resets": 0}


def test_firmware_that_hangs_on_demand_is_reset_when_its_watchdog_has_run_out(
    emulated: EmulatedStarter,
) -> None:
    board = emulated.board(SMALL, "--hang", "60")
    booted = board.hello().boot_count
    board.send(Frame(Message.PING, 1, payload=bytes(100)))
    for _ in range(200):
        if select.select([board.descriptor], [], [], 0.05)[0]:
            break
        board.send(Frame(Message.STATUS, 0))
    assert decode(StatusReply, board.receive().payload).boot_count == booted + 1
    report = emulated.statistics(board)
    assert (report.resets, report.watchdog_resets) == (1, 1)
    assert report.cycles > 0.45 * 16e6  # its 500 ms, less what a watchdog's oscillator may be off


def test_a_byte_that_is_lost_on_demand_is_no_misuse(emulated: EmulatedStarter) -> None:
    board = emulated.board(SMALL, "--overrun", "60")
    board.hello()
    assert len(encode_frame(Frame(Message.PING, 0, payload=bytes(100)))) > 60
    board.send(Frame(Message.PING, 1, payload=bytes(100)))
    assert board.status().frames_bad == 1
    report = emulated.statistics(board)
    assert (report.mishap_overruns, report.misuses) == (1, {})


def test_spi_bytes_that_come_too_soon_and_chips_let_go_of_too_soon_are_counted(
    emulated: EmulatedStarter, abuse: str
) -> None:
    counted = run(emulated, f"{abuse}/hasty.elf")
    assert counted == {
        "SPI collisions": 1,
        "select cuts": 1,
        "nobody selected": 1,
        "wrong_mode": 3,
        "watchdog resets": 0,
    }


def test_a_program_that_hangs_is_reset_by_the_watchdog(emulated: EmulatedStarter, abuse: str) -> None:
    assert run(emulated, f"{abuse}/hanging.elf")["watchdog resets"] >= 1


def test_its_page_explains_every_option_and_every_statistic(emulated: EmulatedStarter) -> None:
    usage = subprocess.run([PROGRAM], capture_output=True, text=True, check=False).stderr
    emulated.statistics(emulated.board(SMALL))
    options = set(re.findall(r"--[a-z-]+", usage))
    statistics = set(re.findall(r'"([a-z_]+)":', emulated.report.read_text()))
    assert {"--circuit", "--paced"} < options
    assert {"cycles", "too_fast", "watchdog_resets"} < statistics
    explained = set(re.findall(r"`(--[a-z-]+)|`([a-z_]+)`", PAGE))
    assert options | statistics <= {word for pair in explained for word in pair}


def test_the_rig_of_its_page_is_one_that_the_emulated_board_can_be(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    rig = tmp_path / "bench.yaml"
    rig.write_text(example, encoding="utf-8")
    launch, _, serial_number = launch_on("atmega2560", labrig.load_rig(rig).board)
    assert (launch.target, launch.baudrate, serial_number) == ("atmega2560", 1_000_000, "B0042")
