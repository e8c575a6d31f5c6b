//! Decoders of other people that panic on some damaged input.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What `decode` gives; `None` if it panics, of which nothing is printed. What it was changing is then in pieces and
/// has to be thrown away. Only for panics in this thread: a decoder that uses others is to be told not to.
pub fn caught<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                usual(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    QUIET.set(before);
    decoded.ok()
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_panic_is_none_and_the_next_one_is_as_loud_as_ever() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| Vec::<u8>::new()[0]), None);
        assert!(!super::QUIET.get());
    }
}
