//! Buffers for results.

/// A buffer of `count` numbers with nothing in particular in them, to be written before it is read.
pub(crate) fn room(count: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(count);
    // SAFETY: the capacity is there, every pattern of bits is a number, and the callers write before they read.
    #[expect(clippy::uninit_vec, reason = "see above")]
    unsafe {
        values.set_len(count);
    }
    values
}
