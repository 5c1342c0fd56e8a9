//! Writes: bursts of all store engines share one AXI4 write channel, round robin.
//!
//! One burst at a time is read from the buffer into a small queue of beats, which the memory may take at its
//! own pace. Responses come in order; each completes a burst of the engine at the head of a list.

use crate::dma_read::{is_outside, ring, AddressChannel};
use crate::transfer::BURST_BITS;
use crate::wiring::{address_bits, credits, delayed, delayed_strobe, one_hot, round_robin};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::{BUFFER_BITS, DRAM_BITS, LANE_BITS};
use spec::timing::BUFFER_READ;
use std::sync::Arc;

/// Beats that wait for the memory.
const BEATS: u32 = 8;

/// Bursts that wait for their response.
const RESPONSES: u32 = 8;

/// The write side for `stores` store engines.
pub fn module(accelerator: &Accelerator, stores: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("dma_write", "Shares the AXI4 write channel between store engines, round robin.");
    let stop = b.input("stop", 1, "starts no further bursts");
    let window =
        ["window_first", "window_end"].map(|name| b.input(name, DRAM_BITS, "bounds of legal addresses"));
    let port = |name: &str, i: u32, width, doc: &str| b.input(&format!("{name}_{i}"), width, doc);
    let requests: Vec<[Signal; 4]> = (0..stores)
        .map(|i| {
            [
                port("request", i, 1, "offers a burst"),
                port("address", i, DRAM_BITS, "first byte in DRAM"),
                port("bytes", i, BURST_BITS, "bytes"),
                port("buffer", i, BUFFER_BITS, "first byte in the buffer"),
            ]
        })
        .collect();

    let taken = b.wire("taken", 1);
    let wants: Vec<Signal> = requests.iter().map(|[valid, ..]| valid.clone()).collect();
    let grants = round_robin(&b, &wants, &taken.signal());
    let pick = |field: usize, width| {
        one_hot(
            &b,
            width,
            grants.iter().zip(&requests).map(|(grant, request)| (grant.clone(), request[field].clone())),
        )
    };
    let address = pick(1, DRAM_BITS).named("burst_address");
    let bytes = pick(2, BURST_BITS).named("burst_bytes");
    let buffer = pick(3, BUFFER_BITS).named("burst_buffer");
    let outside = is_outside(&address, &bytes, &window);

    let reading = b.reg("reading", 1);
    let response = b.input("m_axi_bvalid", 1, "AXI4");
    let code = b.input("m_axi_bresp", 2, "AXI4");
    let open = credits(&b, "open", address_bits(RESPONSES) + 1, &taken.signal(), &response);
    let channel = AddressChannel::new(&b, accelerator, "aw", &taken.signal(), &address, &bytes);
    let any = Signal::join(&wants).any();
    let room = open.ult(&b.lit(open.width(), i64::from(RESPONSES)));
    let may = &(&(&any & &room) & &(&channel.free & &!&reading.q())) & &!&stop;
    taken.drive(&(&may & &!&outside));
    b.output("outside", &(&may & &outside), "a burst is outside the window");

    let beats = Beats::new(&b, accelerator, &reading, &taken.signal(), &address, &bytes, &buffer);
    beats.outputs(&b);

    // Whose burst a response completes.
    let client_bits = address_bits(stores);
    let granted: Vec<Signal> = grants.iter().map(|grant| grant & &taken.signal()).collect();
    let client = one_hot(
        &b,
        client_bits,
        granted.iter().enumerate().map(|(i, g)| (g.clone(), b.lit(client_bits, i as i64))),
    );
    let owners = b.memory("owners", client_bits, RESPONSES);
    let bits = address_bits(RESPONSES);
    owners.write(&ring(&b, "newest", RESPONSES, bits, &taken.signal()), &client, &taken.signal());
    let owner = owners.read(&ring(&b, "oldest", RESPONSES, bits, &response));
    let reader = b.reg("reader", client_bits);
    reader.enable(&taken.signal()).next(&client);
    for i in 0..stores {
        b.output(&format!("granted_{i}"), &granted[i as usize], "the burst is under way");
        let moved = &beats.read & &reader.q().eq_lit(i64::from(i));
        b.output(&format!("moved_{i}"), &moved, "the line asked for is of this store engine");
        let mine = &response & &owner.eq_lit(i64::from(i));
        b.output(&format!("completed_{i}"), &mine, "a burst is in DRAM");
    }
    b.output("bad_response", &(&response & &code.any()), "the memory answered with an error");
    b.output("busy", &(&open.any() | &channel.waiting), "bursts are under way");
    channel.outputs(&b);
    b.finish()
}

/// From the buffer to the write data channel.
struct Beats {
    read: Signal,
    address: Signal,
    bytes: Signal,
    valid: Signal,
    data: Signal,
    strobes: Signal,
    last: Signal,
    sent: Signal,
}

impl Beats {
    fn new(
        b: &Builder,
        accelerator: &Accelerator,
        reading: &hdl::Reg,
        taken: &Signal,
        dram: &Signal,
        bytes: &Signal,
        buffer: &Signal,
    ) -> Beats {
        let beat_bytes = accelerator.axi_bytes();
        let offset_bits = beat_bytes.trailing_zeros();
        let offset = b.reg("offset", offset_bits);
        let left = b.reg("left", BURST_BITS);
        let at = b.reg("buffer_at", BUFFER_BITS);
        let space = &b.lit(BURST_BITS, i64::from(beat_bytes)) - &offset.q().zext(BURST_BITS);
        let last = left.q().ule(&space).named("last_beat");
        let count = last.mux(&left.q(), &space);

        // A beat is read only when the queue has a place for it when it arrives.
        let ready = b.input("m_axi_wready", 1, "AXI4");
        let queued = b.wire("beat_queued", 1);
        let sent = b.wire("beat_sent", 1);
        let promised = b.wire("beat_promised", 1);
        let places = credits(b, "places_taken", address_bits(BEATS) + 1, &promised.signal(), &sent.signal());
        let read = &reading.q() & &places.ult(&b.lit(places.width(), i64::from(BEATS)));
        promised.drive(&read);
        reading.reset(0).next(&(taken | &(&reading.q() & &!&(&read & &last))));
        offset.enable(&(taken | &read)).next(&dram.trunc(offset_bits).gate(taken));
        left.enable(&(taken | &read)).next(&taken.mux(bytes, &(&left.q() - &count)));
        at.enable(&(taken | &read)).next(&taken.mux(buffer, &(&at.q() + &count.zext(BUFFER_BITS))));

        // The line arrives, moves to its place in the beat, and waits.
        let line = b.input("line", 8 * accelerator.buffer.line_bytes, "the line asked for earlier");
        let arrived = delayed_strobe(b, "arrived", &read, BUFFER_READ);
        let place = delayed(b, "offset_there", &offset.q(), BUFFER_READ);
        let there = delayed(b, "count_there", &count.trunc(LANE_BITS), BUFFER_READ);
        let closes = delayed(b, "last_there", &last, BUFFER_READ);
        let data = line.trunc(accelerator.axi_bits).shift_left(&place.cat(&b.zero(3)));
        let wanted = (0..beat_bytes).map(|i| b.lit(LANE_BITS, i64::from(i)).ult(&there)).collect::<Vec<_>>();
        let strobes = Signal::join(&wanted).shift_left(&place);
        queued.drive(&arrived);
        let entry = closes.cat(&strobes.cat(&data));
        let memory = b.memory("beats", entry.width(), BEATS);
        let bits = address_bits(BEATS);
        memory.write(&ring(b, "beat_newest", BEATS, bits, &arrived), &entry, &arrived);
        let waiting = credits(b, "beats_waiting", bits + 1, &queued.signal(), &sent.signal());
        let head = memory.read(&ring(b, "beat_oldest", BEATS, bits, &sent.signal()));
        sent.drive(&(&waiting.any() & &ready));
        Beats {
            read,
            address: at.q(),
            bytes: count.trunc(LANE_BITS),
            valid: waiting.any(),
            data: head.slice(0, accelerator.axi_bits),
            strobes: head.slice(accelerator.axi_bits, beat_bytes),
            last: head.bit(accelerator.axi_bits + beat_bytes),
            sent: sent.signal(),
        }
    }

    fn outputs(&self, b: &Builder) {
        b.output("read", &self.read, "asks the buffer for a line");
        b.output("read_address", &self.address, "first byte");
        b.output("read_bytes", &self.bytes, "bytes");
        b.output("m_axi_wvalid", &self.valid, "AXI4");
        b.output("m_axi_wdata", &self.data, "AXI4");
        b.output("m_axi_wstrb", &self.strobes, "AXI4");
        b.output("m_axi_wlast", &self.last, "AXI4");
        b.output("beat", &self.sent, "a beat, for watchdog and counters");
    }
}
