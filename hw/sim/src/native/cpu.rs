//! What the engines may use of the machine that they run on. Tests take some of it away, so that what stands in for it
//! runs here as well, not only on machines that never had it.

/// What there is. Where something is missing, what needs it is done in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cpu {
    /// Machine code can be made. Else the plan is interpreted.
    pub has_code: bool,
    /// Bytes of a vector can be put in any order: on x86-64, SSSE3. Else there is no machine code: there this would be a
    /// call of the code generator's library, which we have not.
    pub has_shuffles: bool,
    /// Machine code may use what newer machines of this kind have: SSE4, AVX, bit counts. Else it makes do without.
    pub has_extensions: bool,
    /// Loops over lanes may use AVX2. Else they are those of any machine.
    pub has_avx2: bool,
}

impl Cpu {
    /// This machine.
    pub fn host() -> Cpu {
        #[cfg(target_arch = "x86_64")]
        let (has_shuffles, has_avx2) =
            (std::arch::is_x86_feature_detected!("ssse3"), std::arch::is_x86_feature_detected!("avx2"));
        #[cfg(not(target_arch = "x86_64"))]
        let (has_shuffles, has_avx2) = (true, false);
        Cpu { has_code: cfg!(feature = "jit"), has_shuffles, has_extensions: true, has_avx2 }
    }

    /// This machine, if no machine code could be made for it.
    pub fn without_code() -> Cpu {
        Cpu { has_code: false, ..Cpu::host() }
    }
}
