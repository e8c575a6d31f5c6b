//! What else the machine does while something is measured or trained: seconds are shared with it.

use std::time::Instant;

/// Load averages over 1, 5 and 15 minutes, where the system says (Linux).
pub fn average() -> Option<[f64; 3]> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let mut numbers = text.split(' ').map_while(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// A measurement that goes on.
pub struct Load {
    since: Instant,
    /// Seconds of all processors and of this process, at the beginning.
    busy: Option<(f64, f64)>,
}

impl Load {
    /// Begins now.
    pub fn start() -> Self {
        Self {
            since: Instant::now(),
            busy: busy(),
        }
    }

    /// Cores that were busy with other processes since, on average; `None` where the system does not say.
    pub fn elsewhere(&self) -> Option<f64> {
        others(self.busy?, busy()?, self.since.elapsed().as_secs_f64())
    }
}

/// Cores that worked for others, from the seconds of all processors and of this process before and after.
fn others((all, mine): (f64, f64), (all_now, mine_now): (f64, f64), elapsed: f64) -> Option<f64> {
    let elsewhere = (all_now - all) - (mine_now - mine);
    (elapsed > 0.0).then(|| (elsewhere / elapsed).max(0.0))
}

/// Seconds that all processors were busy since the boot, and this process since it began.
fn busy() -> Option<(f64, f64)> {
    let all = std::fs::read_to_string("/proc/stat").ok()?;
    let mine = std::fs::read_to_string("/proc/self/stat").ok()?;
    Some((all_ticks(&all)? / TICKS, own_ticks(&mine)? / TICKS))
}

/// The kernel counts for its users in hundredths of a second (`USER_HZ` of every architecture that burn runs on).
const TICKS: f64 = 100.0;

/// user, nice, system, idle, iowait, irq, softirq, steal of the first line: neither of the idle ones is work, and what a
/// hypervisor gave to others is. Guests are counted as users already.
fn all_ticks(stat: &str) -> Option<f64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<f64> = line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let [user, nice, system, _idle, _wait, irq, soft, steal, ..] = numbers[..] else {
        return None;
    };
    Some(user + nice + system + irq + soft + steal)
}

/// utime and stime: the 14th and 15th field. The second, the name in parentheses, may hold anything.
fn own_ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_others_is_all_work_but_ones_own() {
        // In two seconds 3 s of processor time, of which 1 s was this process's.
        assert_eq!(others((10.0, 1.0), (13.0, 2.0), 2.0), Some(1.0));
        // The two are not read in the same moment.
        assert_eq!(others((10.0, 1.0), (10.1, 1.2), 1.0), Some(0.0));
        assert_eq!(others((10.0, 1.0), (13.0, 2.0), 0.0), None);
    }

    #[test]
    fn what_the_kernel_says_is_read() {
        let stat = "cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7\n";
        assert_eq!(all_ticks(stat), Some(171.0));
        let own = "42 (a) b c) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(own_ticks(own), Some(300.0));
        assert_eq!((all_ticks("cpu 1 2"), own_ticks("42 (x)")), (None, None));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn another_process_that_computes_is_seen_and_this_one_is_not() {
        let spin = |whose: &str| {
            let load = Load::start();
            let started = Instant::now();
            let mut child = (whose == "another").then(|| {
                let loops = ["-c", "while :; do :; done"];
                std::process::Command::new("sh").args(loops).spawn().unwrap()
            });
            while started.elapsed().as_millis() < 600 {
                match &child {
                    Some(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
                    None => std::hint::black_box(()),
                }
            }
            if let Some(child) = &mut child {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            load.elsewhere().unwrap()
        };
        // Whatever else the machine does, the other process has a share of it.
        assert!(spin("another") > 0.2);
        let mine = own_ticks(&std::fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        spin("this");
        let now = own_ticks(&std::fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        assert!(now > mine, "its own work is counted as its own");
    }
}
