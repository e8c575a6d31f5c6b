//! Several parents on one plan with a short lease, under random stops, wake-ups, kills and starts, of parents and children,
//! while bits of the prepared corpus are flipped.

use crate::patience;
use crate::sweep::{Sweep, command, end, everything};
use cloze_foundation::Draw;
use cloze_foundation::files::list;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

const STEPS: usize = 60;
/// What may happen in a moment: a stop, a kill, now and then a flipped bit, and as often as all of these everybody is woken.
const FATES: usize = 6;
/// Parents at once.
const PARENTS: usize = 3;
/// How long the nemesis works in a normal test run.
const LONG: Duration = Duration::from_secs(8);

/// The processes that were started by these, and by those: a sweep's children are in groups of their own.
fn descendants(of: &[u32]) -> Vec<u32> {
    let mut found = of.to_vec();
    let parent = |pid: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    let all: Vec<u32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for pid in all {
        if !found.contains(&pid) && parent(pid).is_some_and(|parent| of.contains(&parent)) {
            found.push(pid);
        }
    }
    found
}

fn send(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).output();
}

/// What the nemesis did.
#[derive(Debug, Default)]
struct Deeds {
    starts: u32,
    stops: u32,
    kills: u32,
    wakes: u32,
    flips: u32,
}

/// Turns a bit of a prepared corpus round, as a bad disk does.
fn flip(sweep: &Sweep, stream: &mut cloze_foundation::Stream) -> bool {
    let cache = list(&sweep.place().join("results/.cache")).unwrap();
    let Some(path) = cache
        .iter()
        .map(|folder| folder.join("train.ids"))
        .find(|path| path.is_file())
    else {
        return false;
    };
    let Ok(mut bytes) = std::fs::read(&path) else {
        return false;
    };
    let place = stream.below(bytes.len());
    bytes[place] ^= 1 << stream.below(8);
    // In another file of the name: what a process has opened and found whole stays as it is, as pages of a healthy machine do.
    let beside = path.with_extension("flipped");
    std::fs::write(&beside, bytes).is_ok() && std::fs::rename(&beside, &path).is_ok()
}

/// Works on a sweep until it has ended or the time is over; then everybody may go on.
fn nemesis(sweep: &Sweep, until: Instant, stream: &mut cloze_foundation::Stream, deeds: &mut Deeds) {
    let arguments = [
        "run",
        "x.toml",
        "--checkpoint",
        "5 steps",
        "--lease",
        "1",
        "--jobs",
        "2",
    ];
    let mut parents: Vec<Child> = Vec::new();
    // Children of a parent that was killed are still to be woken up.
    let mut known: Vec<u32> = Vec::new();
    while Instant::now() < until && !sweep.results().join("metrics.parquet").exists() {
        parents.retain_mut(|parent| parent.try_wait().unwrap().is_none());
        if parents.len() < PARENTS {
            parents.push(command(sweep.place(), &arguments).spawn().unwrap());
            deeds.starts += 1;
        }
        let ids: Vec<u32> = parents.iter().map(Child::id).collect();
        let all = descendants(&ids);
        known.extend(all.iter().copied().filter(|pid| !ids.contains(pid)));
        known.sort_unstable();
        known.dedup();
        // A number may belong to somebody else by now.
        known.retain(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|place| place == sweep.place()));
        let victim = all[stream.below(all.len())];
        match stream.below(FATES) {
            0 => {
                send("-STOP", victim);
                deeds.stops += 1;
            }
            1 => {
                send("-KILL", victim);
                deeds.kills += 1;
            }
            2 => deeds.flips += u32::from(stream.below(4) == 0 && flip(sweep, stream)),
            _ => {
                ids.iter().chain(&known).for_each(|pid| send("-CONT", *pid));
                deeds.wakes += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(30 + stream.below(400) as u64));
    }
    for pid in parents.iter().map(Child::id).chain(known) {
        send("-CONT", pid);
    }
    for parent in parents {
        end(parent);
    }
}

#[test]
fn a_swarm_under_random_stops_wakes_kills_and_starts_ends_with_the_same_bits() {
    let objectives = everything();
    let mut stream = Draw::new(11, "swarm").stream();
    let mut deeds = Deeds::default();
    let until = Instant::now() + LONG * patience() as u32;
    let mut sweeps = 0;
    while Instant::now() < until {
        let sweep = Sweep::new(&objectives, STEPS);
        nemesis(&sweep, until, &mut stream, &mut deeds);
        sweep.finish(3);
        sweep.is_as_if_undisturbed(&objectives, STEPS, "after the swarm");
        sweeps += 1;
    }
    eprintln!("{sweeps} sweeps: {deeds:?}");
    // A short one on a busy machine comes to a few deeds.
    let least = u32::from(patience() > 1);
    assert!(deeds.starts > 0 && deeds.stops + deeds.kills > 0, "{deeds:?}");
    assert!(deeds.stops.min(deeds.kills).min(deeds.flips) >= least, "{deeds:?}");
}
