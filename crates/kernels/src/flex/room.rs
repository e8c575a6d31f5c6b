//! Buffers for results.

/// A buffer of `count` numbers with nothing in particular in it, to be written before it is read. The buffers of a training
/// step come to hundreds of megabytes, and zeroing them first would be one more pass over all of it.
#[expect(clippy::uninit_vec, reason = "the callers write every element before any is read")]
pub(crate) fn room(count: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(count);
    // SAFETY: the capacity is there, and every pattern of bits is a number.
    unsafe {
        values.set_len(count);
    }
    values
}
