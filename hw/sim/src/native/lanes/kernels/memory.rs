//! Reads and writes of memories with lanes, whose entries are rows of lanes.

use std::marker::PhantomData;

use super::{by_size, kernel, one, read, written, written_out, Args, Kernel, Lane, Loop};

written_out!(LoadRowLoop<T>, |base, args| {
    let entry = (one(base, args.b) & args.address).min(args.number) as usize;
    let row = args.a + entry * args.stride * size_of::<T>();
    written::<T>(base, args.to, args.lanes).copy_from_slice(read::<T>(base, row, args.lanes));
    false
});

written_out!(LoadLoop<A, T>, |base, args| {
    let addresses = read::<A>(base, args.b, args.lanes);
    let entries = read::<T>(base, args.a, (args.number as usize + 1) * args.stride);
    for (lane, to) in written::<T>(base, args.to, args.lanes).iter_mut().enumerate() {
        *to = entries[addresses[lane].wide().min(args.number) as usize * args.stride + lane];
    }
    false
});

/// Entries of the memory at `a`, which has `number` of them; the address `b` is one for all or, with lanes, of a size.
pub(crate) fn load(size: u32, address: Option<u32>) -> Kernel {
    match address {
        None => by_size!(size, T => kernel::<LoadRowLoop<T>>()),
        Some(address) => by_size!(address, A => by_size!(size, T => kernel::<LoadLoop<A, T>>())),
    }
}

/// What a write leaves in a lane.
#[inline(always)]
fn merged<T: Lane>(old: T, data: T, mask: Option<&[T]>, lane: usize) -> T {
    mask.map_or(data, |mask| (old & !mask[lane]) | (data & mask[lane]))
}

written_out!(WriteRowLoop<T>, |base, args| {
    let entry = one(base, args.b) & args.address;
    let is_written = one(base, args.c) & 1 == 1 && entry < args.number;
    if is_written {
        let row = args.to + entry as usize * args.stride * size_of::<T>();
        let (row, data) = (written::<T>(base, row, args.lanes), read::<T>(base, args.a, args.lanes));
        match args.d.map(|mask| read::<T>(base, mask, args.lanes)) {
            None => row.copy_from_slice(data),
            mask => row.iter_mut().enumerate().for_each(|(i, to)| *to = merged(*to, data[i], mask, i)),
        }
    }
    is_written
});

written_out!(WriteChosenLoop<T>, |base, args| {
    let (entry, enable) = (one(base, args.b) & args.address, read::<u8>(base, args.c, args.lanes));
    if entry >= args.number {
        return false;
    }
    let row = args.to + entry as usize * args.stride * size_of::<T>();
    let (row, data) = (written::<T>(base, row, args.lanes), read::<T>(base, args.a, args.lanes));
    let mask = args.d.map(|mask| read::<T>(base, mask, args.lanes));
    let mut any = 0;
    for (lane, to) in row.iter_mut().enumerate() {
        *to = if enable[lane] == 1 { merged(*to, data[lane], mask, lane) } else { *to };
        any |= enable[lane];
    }
    any == 1
});

written_out!(WriteLoop<A, T>, |base, args| {
    let (addresses, data) = (read::<A>(base, args.b, args.lanes), read::<T>(base, args.a, args.lanes));
    let enable = read::<u8>(base, args.c, args.lanes);
    let mask = args.d.map(|mask| read::<T>(base, mask, args.lanes));
    let entries = written::<T>(base, args.to, args.number as usize * args.stride);
    let mut is_any = false;
    // Most lanes are not written: of eight at a time, those that are are found by their bits.
    for (group, enable) in enable.chunks(8).enumerate() {
        let mut bytes = [0; 8];
        bytes[..enable.len()].copy_from_slice(enable);
        let mut bits = u64::from_le_bytes(bytes);
        while bits != 0 {
            let lane = 8 * group + bits.trailing_zeros() as usize / 8;
            bits &= bits - 1;
            let entry = addresses[lane].wide();
            if entry < args.number {
                let to = &mut entries[entry as usize * args.stride + lane];
                *to = merged(*to, data[lane], mask, lane);
                is_any = true;
            }
        }
    }
    is_any
});

/// Writes `a`, or the bits of it in the mask `d`, to the memory at `to`, which has `number` entries, at address `b` where
/// `c` is set. The address is one for all or has lanes of a size; then `c` has lanes, too.
pub(crate) fn write(size: u32, address: Option<u32>, chooses: bool) -> Kernel {
    match (address, chooses) {
        (None, false) => by_size!(size, T => kernel::<WriteRowLoop<T>>()),
        (None, true) => by_size!(size, T => kernel::<WriteChosenLoop<T>>()),
        (Some(address), _) => by_size!(address, A => by_size!(size, T => kernel::<WriteLoop<A, T>>())),
    }
}
