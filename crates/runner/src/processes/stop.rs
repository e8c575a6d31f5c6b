//! Asking for a stop: the first signal is a request to save and leave, the second one ends the process at once.

use cloze_foundation::{Fault, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Signals that can be made to ask for a stop, beside SIGTERM and SIGINT which always do.
#[cfg(unix)]
pub const SIGNALS: &[(&str, i32)] = &[
    ("HUP", signal_hook::consts::SIGHUP),
    ("USR1", signal_hook::consts::SIGUSR1),
    ("USR2", signal_hook::consts::SIGUSR2),
];
/// Signals that can be made to ask for a stop, beside SIGTERM and SIGINT which always do.
#[cfg(not(unix))]
pub const SIGNALS: &[(&str, i32)] = &[];

/// A request to stop that everybody who holds a copy sees.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asked for by SIGTERM, SIGINT, and `signal` if one is named. A second signal exits with status 75 at once.
    ///
    /// # Errors
    /// A signal that is not one of [`SIGNALS`], or that the system does not let us handle.
    pub fn on_signals(signal: Option<&str>) -> Result<Self> {
        let stop = Self::default();
        let mut signals = vec![SIGINT, SIGTERM];
        if let Some(name) = signal {
            let short = name.trim_start_matches("SIG");
            let names = || ["TERM", "INT"].into_iter().chain(SIGNALS.iter().map(|(name, _)| *name));
            match SIGNALS.iter().find(|(known, _)| *known == short) {
                Some((_, number)) => signals.push(*number),
                None if matches!(short, "TERM" | "INT") => {}
                None => {
                    return Err(Fault::usage(format!("`{name}` is not a signal to stop on"))
                        .allowed(names())
                        .nearest(short, names()));
                }
            }
        }
        // A limit on the size of files is told as a full disk is, where the write fails, and ends no process by itself.
        #[cfg(unix)]
        let _ = register(signal_hook::consts::SIGXFSZ, Arc::default());
        for number in signals {
            let status = i32::from(Fault::interrupted("").exit_status());
            register_conditional_shutdown(number, status, Arc::clone(&stop.0))
                .and_then(|_| register(number, Arc::clone(&stop.0)))
                .map_err(|error| Fault::run(format!("cannot listen to signal {number}: {error}")))?;
        }
        Ok(stop)
    }

    /// Also asked for when stdin ends: whoever started this process closes it to say so, or has died.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn on_end_of_stdin(self) -> Result<Self> {
        let stop = self.clone();
        // Never joined: the process may end while stdin is still open.
        let listen = move || {
            let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
            stop.request();
        };
        let thread = std::thread::Builder::new().spawn(listen);
        thread.map_err(|error| Fault::run(format!("cannot start a thread: {error}")))?;
        Ok(self)
    }

    /// Asks whoever holds a copy to save what there is and leave.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_seen_by_every_copy_and_unknown_signals_are_refused() {
        let stop = Stop::default();
        let copy = stop.clone();
        assert!(!copy.requested());
        stop.request();
        assert!(copy.requested());
        assert_eq!(
            Stop::on_signals(Some("USR3")).unwrap_err().nearest.as_deref(),
            Some("USR1")
        );
    }
}
