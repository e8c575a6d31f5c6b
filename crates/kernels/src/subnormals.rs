//! Numbers below 1.2e-38 as zeros.

/// From here on this thread, and those that it starts on Linux, take subnormal numbers for zeros, in what they read and in what they
/// compute. A processor takes some hundred cycles for an operation with one; where attention is saturated or an activation has died,
/// most of a layer are such numbers, and a training step takes ten times as long (docs/log.md). PyTorch has `set_flush_denormal` for it.
///
/// Rust takes it that the control register has its usual value. That matters to what a compiler computes ahead of time with subnormal
/// numbers, and no constant here is one.
pub fn flush_subnormals() {
    #[cfg(target_arch = "x86_64")]
    {
        /// Flush to zero, and denormals are zeros (Intel 64 manual, volume 1, 10.2.3).
        const FLUSH: u32 = 1 << 15 | 1 << 6;
        let mut control = 0_u32;
        // SAFETY: reads this thread's control register into a local, and writes it with two more bits set, both of which every
        // x86-64 processor has.
        unsafe {
            std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut control, options(nostack, preserves_flags));
            control |= FLUSH;
            std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const control, options(nostack, readonly));
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        /// Flush to zero (Arm architecture reference manual, FPCR).
        const FLUSH: u64 = 1 << 24;
        let mut control: u64;
        // SAFETY: reads and writes this thread's control register, with one more bit set.
        unsafe {
            std::arch::asm!("mrs {}, fpcr", out(reg) control, options(nomem, nostack, preserves_flags));
            control |= FLUSH;
            std::arch::asm!("msr fpcr, {}", in(reg) control, options(nomem, nostack));
        }
    }
}

#[cfg(test)]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn a_thread_that_flushes_has_no_numbers_between_zero_and_the_smallest_normal_one() {
        let half = || black_box(f32::MIN_POSITIVE) * black_box(0.5);
        let read = || black_box(f32::from_bits(1)) * black_box(1e30);
        assert!(
            half() > 0.0 && read() > 0.0,
            "as ever in a thread that did not ask for it"
        );
        let found = std::thread::spawn(move || {
            flush_subnormals();
            let inherited = std::thread::spawn(half).join().unwrap();
            (half(), read(), inherited, black_box(f32::MIN_POSITIVE) * black_box(1.0))
        });
        let (result, operand, inherited, normal) = found.join().unwrap();
        assert_eq!((result, operand, normal), (0.0, 0.0, f32::MIN_POSITIVE));
        if cfg!(target_os = "linux") {
            assert_eq!(inherited, 0.0, "a thread has the mode of the one that started it");
        }
    }
}
