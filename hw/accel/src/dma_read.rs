//! Reads: bursts of all load engines and streams share one AXI4 read channel, round robin.
//!
//! Bursts come back in order, so a small queue of what was asked for is enough to know where a beat goes: to
//! the buffer, byte-aligned, or to a stream. Nothing here ever refuses data.

use crate::transfer::BURST_BITS;
use crate::wiring::{address_bits, credits, one_hot, round_robin};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::{BUFFER_BITS, DRAM_BITS, LANE_BITS};
use std::sync::Arc;

/// The read side for `loads` load engines and `streams` streams, in this order of ports.
pub fn module(accelerator: &Accelerator, loads: u32, streams: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        "dma_read",
        "Shares the AXI4 read channel between load engines and streams, round robin.",
    );
    let stop = b.input("stop", 1, "starts no further bursts");
    let window =
        ["window_first", "window_end"].map(|name| b.input(name, DRAM_BITS, "bounds of legal addresses"));
    let clients = loads + streams;
    let requests: Vec<Request> = (0..clients).map(|i| Request::new(&b, i, i < loads)).collect();

    // Arbitration: a burst is taken when there is room in the queue and the address register is free.
    let queue_depth = accelerator.outstanding_reads;
    let taken = b.wire("taken", 1);
    let wants: Vec<Signal> = requests.iter().map(|request| request.valid.clone()).collect();
    let grants = round_robin(&b, &wants, &taken.signal());
    let pick = |width, field: &dyn Fn(&Request) -> Signal| {
        one_hot(
            &b,
            width,
            grants.iter().zip(&requests).map(|(grant, request)| (grant.clone(), field(request))),
        )
    };
    let address = pick(DRAM_BITS, &|r| r.address.clone()).named("burst_address");
    let bytes = pick(BURST_BITS, &|r| r.bytes.clone()).named("burst_bytes");
    let buffer = pick(BUFFER_BITS, &|r| r.buffer.clone()).named("burst_buffer");
    let any = Signal::join(&wants).any();
    let outside = is_outside(&address, &bytes, &window);

    let pop = b.wire("burst_done", 1);
    let open = credits(&b, "open", address_bits(queue_depth) + 1, &taken.signal(), &pop.signal());
    let room = open.ult(&b.lit(open.width(), i64::from(queue_depth)));
    let channel = AddressChannel::new(&b, accelerator, "ar", &taken.signal(), &address, &bytes);
    let may = &(&(&any & &room) & &channel.free) & &!&stop;
    taken.drive(&(&may & &!&outside));
    b.output("outside", &(&may & &outside), "a burst is outside the window");
    let granted: Vec<Signal> = grants.iter().map(|grant| grant & &taken.signal()).collect();

    // The queue of bursts under way.
    let index_bits = address_bits(queue_depth);
    let client_bits = address_bits(clients);
    let client = one_hot(
        &b,
        client_bits,
        granted.iter().enumerate().map(|(i, g)| (g.clone(), b.lit(client_bits, i as i64))),
    );
    let offset_bits = accelerator.axi_bytes().trailing_zeros();
    let fields = [client, address.trunc(offset_bits), bytes, buffer];
    let memory = b.memory("under_way", fields.iter().map(Signal::width).sum(), queue_depth);
    memory.write(
        &ring(&b, "newest", queue_depth, index_bits, &taken.signal()),
        &Signal::join(&fields),
        &taken.signal(),
    );
    let entry = memory.read(&ring(&b, "oldest", queue_depth, index_bits, &pop.signal()));
    let mut low = 0;
    let [client, offset, bytes, buffer] = fields.map(|field| {
        low += field.width();
        entry.slice(low - field.width(), field.width())
    });

    // A beat: the first of a burst starts at the offset, the others at 0.
    let valid = b.input("m_axi_rvalid", 1, "AXI4");
    let data = b.input("m_axi_rdata", accelerator.axi_bits, "AXI4");
    let response = b.input("m_axi_rresp", 2, "AXI4");
    let begun = b.reg("begun", 1);
    let left = b.reg("left", BURST_BITS);
    let at = b.reg("buffer_at", BUFFER_BITS);
    let offset = offset.gate(&!&begun.q());
    let now_left = begun.q().mux(&left.q(), &bytes);
    let now_at = begun.q().mux(&at.q(), &buffer);
    let space = &b.lit(BURST_BITS, i64::from(accelerator.axi_bytes())) - &offset.zext(BURST_BITS);
    let last = now_left.ule(&space).named("last_beat");
    let count = last.mux(&now_left, &space);
    pop.drive(&(&valid & &last));
    begun.reset(0).enable(&valid).next(&!&last);
    left.enable(&valid).next(&(&now_left - &count));
    at.enable(&valid).next(&(&now_at + &count.zext(BUFFER_BITS)));
    b.output("bad_response", &(&valid & &response.any()), "the memory answered with an error");
    b.output("beat", &valid, "a beat, for watchdog and counters");
    b.output("beat_bytes", &count.trunc(LANE_BITS), "its bytes");
    b.output("busy", &(&open.any() | &channel.waiting), "bursts are under way");

    let mine = |i: u32| &valid & &client.eq_lit(i64::from(i));
    let loaded = (0..loads).map(&mine).reduce(|a, c| &a | &c).unwrap_or_else(|| b.zero(1));
    b.output("write", &b.delay_reset("write_q", &loaded, 0), "writes the buffer");
    b.output("write_address", &b.delay("write_address_q", &now_at), "first byte");
    b.output("write_bytes", &b.delay("write_bytes_q", &count.trunc(LANE_BITS)), "bytes");
    let moved = data.shift_right(&offset.cat(&b.zero(3)));
    let line = b.delay("write_line_q", &moved).zext(8 * accelerator.buffer.line_bytes);
    b.output("write_line", &line, "the bytes");
    for i in 0..clients {
        b.output(&format!("granted_{i}"), &granted[i as usize], "the burst is under way");
        if i < loads {
            b.output(&format!("moved_{i}"), &mine(i), "the beat is for this load engine");
            let done = b.delay_reset(&format!("completed_{i}_q"), &(&mine(i) & &last), 0);
            b.output(&format!("completed_{i}"), &done, "a burst is in the buffer");
        } else {
            b.output(&format!("data_we_{i}"), &mine(i), "the beat is for this stream");
        }
    }
    b.output("data_last", &last, "the beat is its burst's last");
    channel.outputs(&b);
    b.finish()
}

/// What a client asks for.
struct Request {
    valid: Signal,
    address: Signal,
    bytes: Signal,
    buffer: Signal,
}

impl Request {
    fn new(b: &Builder, i: u32, is_load: bool) -> Request {
        let port = |name: &str, width, doc: &str| b.input(&format!("{name}_{i}"), width, doc);
        Request {
            valid: port("request", 1, "offers a burst"),
            address: port("address", DRAM_BITS, "first byte in DRAM"),
            bytes: port("bytes", BURST_BITS, "bytes"),
            buffer: if is_load {
                port("buffer", BUFFER_BITS, "first byte in the buffer")
            } else {
                b.zero(BUFFER_BITS)
            },
        }
    }
}

/// The address channel of reads or writes: one register.
pub struct AddressChannel {
    name: &'static str,
    valid: Signal,
    address: Signal,
    beats: Signal,
    /// The register can be loaded in this cycle.
    pub free: Signal,
    /// An address has not been accepted yet.
    pub waiting: Signal,
}

impl AddressChannel {
    /// The channel `name` (`ar` or `aw`), loaded with a burst when `taken`.
    pub fn new(
        b: &Builder,
        accelerator: &Accelerator,
        name: &'static str,
        taken: &Signal,
        address: &Signal,
        bytes: &Signal,
    ) -> AddressChannel {
        let ready = b.input(&format!("m_axi_{name}ready"), 1, "AXI4");
        let offset_bits = accelerator.axi_bytes().trailing_zeros();
        let valid = b.reg("address_valid", 1);
        valid.reset(0).enable(&(taken | &ready)).next(taken);
        let start = b.reg("address_q", DRAM_BITS);
        let aligned = address.slice(offset_bits, DRAM_BITS - offset_bits).cat(&b.zero(offset_bits));
        start.enable(taken).next(&aligned);
        let beats = b.reg("beats_q", 8);
        // ceil((offset + bytes) / beat) - 1 = (offset + bytes - 1) / beat.
        let span = &(bytes + &address.trunc(offset_bits).zext(BURST_BITS)) - 1;
        beats.enable(taken).next(&span.slice(offset_bits, BURST_BITS - offset_bits).zext(8));
        let free = &!&valid.q() | &ready;
        AddressChannel {
            name,
            valid: valid.q(),
            address: start.q(),
            beats: beats.q(),
            free,
            waiting: valid.q(),
        }
    }

    /// Its output ports.
    pub fn outputs(&self, b: &Builder) {
        for (port, signal) in [("valid", &self.valid), ("addr", &self.address), ("len", &self.beats)] {
            b.output(&format!("m_axi_{}{port}", self.name), signal, "AXI4");
        }
    }
}

/// Whether a burst leaves the window; its end has a bit more than an address, so that it never wraps.
pub fn is_outside(address: &Signal, bytes: &Signal, [first, end]: &[Signal; 2]) -> Signal {
    let behind = &address.zext(DRAM_BITS + 1) + &bytes.zext(DRAM_BITS + 1);
    &address.ult(first) | &behind.ugt(&end.zext(DRAM_BITS + 1))
}

/// An index that goes round `depth` entries.
pub fn ring(b: &Builder, name: &str, depth: u32, bits: u32, moves: &Signal) -> Signal {
    let index = b.reg(name, bits);
    let wraps = index.q().eq_lit(i64::from(depth - 1));
    index.reset(0).enable(moves).next(&(&index.q() + 1).gate(&!&wraps));
    index.q()
}
