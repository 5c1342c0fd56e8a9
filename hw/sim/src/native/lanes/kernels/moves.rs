//! Operations that choose between values, or move them between lanes and places without.

use std::marker::PhantomData;

use super::{by_size, kernel, one, read, written, written_out, Args, Kernel, Lane, Loop};

written_out!(MuxLoop<T>, |base, args| {
    let (yes, no) = (read::<T>(base, args.a, args.lanes), read::<T>(base, args.b, args.lanes));
    let select = read::<u8>(base, args.c, args.lanes);
    let to = written::<T>(base, args.to, args.lanes);
    for (i, to) in to.iter_mut().enumerate() {
        let yes_bits = T::cut(0).minus(T::from_lane(select[i]));
        *to = (yes[i] & yes_bits) | (no[i] & !yes_bits);
    }
    false
});

/// Where the lane of `c` is set that of `a`, else that of `b`.
pub(crate) fn mux(size: u32) -> Kernel {
    by_size!(size, T => kernel::<MuxLoop<T>>())
}

written_out!(EitherLoop<T>, |base, args| {
    let chosen = if one(base, args.c) & 1 == 1 { args.a } else { args.b };
    written::<T>(base, args.to, args.lanes).copy_from_slice(read::<T>(base, chosen, args.lanes));
    false
});

/// All of `a` where `c`, which has no lanes, is set, else all of `b`.
pub(crate) fn either(size: u32) -> Kernel {
    by_size!(size, T => kernel::<EitherLoop<T>>())
}

written_out!(ResetAllLoop<T>, |base, args| {
    if one(base, args.c) & 1 == 1 {
        written::<T>(base, args.to, args.lanes).fill(T::cut(args.number));
    }
    false
});

written_out!(ResetLoop<T>, |base, args| {
    let reset = read::<u8>(base, args.c, args.lanes);
    for (to, reset) in written::<T>(base, args.to, args.lanes).iter_mut().zip(reset) {
        *to = if *reset == 1 { T::cut(args.number) } else { *to };
    }
    false
});

/// `number` where `c` is set.
pub(crate) fn reset(size: u32, has_lanes: bool) -> Kernel {
    match has_lanes {
        true => by_size!(size, T => kernel::<ResetLoop<T>>()),
        false => by_size!(size, T => kernel::<ResetAllLoop<T>>()),
    }
}

written_out!(SplatLoop<T>, |base, args| {
    let value = read::<T>(base, args.a, 1)[0];
    written::<T>(base, args.to, args.lanes).fill(value);
    false
});

/// A value in every lane.
pub(crate) fn splat(size: u32) -> Kernel {
    by_size!(size, T => kernel::<SplatLoop<T>>())
}

written_out!(GatherLoop<T>, |base, args| {
    for (to, from) in written::<T>(base, args.to, args.lanes).iter_mut().zip(&args.list) {
        *to = read::<T>(base, *from as usize, 1)[0];
    }
    false
});

written_out!(GatherRowsLoop<T>, |base, args| {
    let run = args.number as usize;
    for (to, from) in written::<T>(base, args.to, args.lanes).chunks_mut(run).zip(&args.list) {
        to.fill(read::<T>(base, *from as usize, 1)[0]);
    }
    false
});

written_out!(GatherColumnsLoop<T>, |base, args| {
    let to = written::<T>(base, args.to, args.lanes);
    let (first, others) = to.split_at_mut(args.list.len());
    for (to, from) in first.iter_mut().zip(&args.list) {
        *to = read::<T>(base, *from as usize, 1)[0];
    }
    others.chunks_mut(args.list.len()).for_each(|to| to.copy_from_slice(&first[..to.len()]));
    false
});

/// Values from a list. What the lanes of an array's rows or columns have in common is read once.
pub(crate) fn gather(size: u32, list: Vec<u32>) -> (Kernel, Args) {
    let lanes = list.len();
    let run = list.iter().take_while(|from| **from == list[0]).count();
    let is_rows = run > 1 && list.chunks(run).all(|chunk| chunk.iter().all(|from| *from == chunk[0]));
    let period = (1..lanes).find(|period| list[*period..].iter().zip(&list).all(|(a, b)| a == b));
    let (kernel, list) = match period {
        _ if is_rows => {
            let rows = list.iter().copied().step_by(run).collect();
            (by_size!(size, T => kernel::<GatherRowsLoop<T>>()), rows)
        }
        Some(period) => (by_size!(size, T => kernel::<GatherColumnsLoop<T>>()), list[..period].to_vec()),
        None => (by_size!(size, T => kernel::<GatherLoop<T>>()), list),
    };
    (kernel, Args { list, lanes, number: run as u64, ..Args::default() })
}

written_out!(ChooseLoop<A, T>, |base, args| {
    let indices = read::<A>(base, args.a, args.lanes);
    for (lane, to) in written::<T>(base, args.to, args.lanes).iter_mut().enumerate() {
        let chosen = usize::try_from(indices[lane].wide()).ok().and_then(|index| args.list.get(index));
        *to = chosen.map_or(T::cut(0), |at| read::<T>(base, *at as usize, args.lanes)[lane]);
    }
    false
});

/// In each lane, that of the value whose number in the list is `a`.
pub(crate) fn choose(size: u32, index: u32) -> Kernel {
    by_size!(index, A => by_size!(size, T => kernel::<ChooseLoop<A, T>>()))
}
