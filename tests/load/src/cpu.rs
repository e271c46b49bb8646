//! Processor time of everything in this process namespace: what does not depend on what else the
//! machine does meanwhile.

use std::collections::BTreeMap;
use std::fs;

/// Seconds of processor time since the host started, by the name of the program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cpu {
    /// Each program's own; `NAME's children` are those that have ended and were waited for.
    programs: BTreeMap<String, f64>,
    /// This program's own, which is no part of the host.
    own: f64,
}

impl Cpu {
    /// What was used up to now, from `/proc/PID/stat` (proc(5)). On the throw-away host `/proc`
    /// shows its own processes alone, and its first process waits for all that lose their parent.
    pub(crate) fn now() -> Self {
        let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK);
        let per_second = ticks.ok().flatten().unwrap_or(100) as f64;
        let mut cpu = Self::default();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        for process in processes {
            let name = process.file_name().to_string_lossy().into_owned();
            let Ok(pid) = name.parse::<u32>() else {
                continue;
            };
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let Some((program, [own, children])) = times(&stat) else {
                continue;
            };
            let (own, children) = (own / per_second, children / per_second);
            if pid == std::process::id() {
                cpu.own += own;
            } else {
                *cpu.programs.entry(program.to_owned()).or_default() += own;
                let children_of = format!("{program}'s children");
                *cpu.programs.entry(children_of).or_default() += children;
            }
        }
        cpu
    }

    /// What was used since then.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let used = |(name, seconds): (&String, &f64)| {
            let then = before.programs.get(name).copied().unwrap_or_default();
            (name.clone(), seconds - then)
        };
        Self {
            programs: self.programs.iter().map(used).collect(),
            own: self.own - before.own,
        }
    }

    /// Of the host, this program left out, in seconds.
    pub(crate) fn host(&self) -> f64 {
        self.programs.values().sum()
    }

    /// Of this program, in seconds.
    pub(crate) fn own(&self) -> f64 {
        self.own
    }

    /// The largest parts, in milliseconds for each of `count` pieces of work.
    pub(crate) fn parts(&self, count: usize) -> String {
        let each = |seconds: f64| seconds * 1e3 / count.max(1) as f64;
        let mut parts: Vec<(&String, f64)> = self
            .programs
            .iter()
            .map(|(name, seconds)| (name, each(*seconds)))
            .filter(|(_, ms)| *ms >= 0.1)
            .collect();
        parts.sort_by(|a, b| b.1.total_cmp(&a.1));
        let parts: Vec<String> = parts
            .iter()
            .map(|(name, ms)| format!("{name} {ms:.1}"))
            .collect();
        parts.join(", ")
    }
}

/// The name of the program, and the ticks of itself and of its ended children. The name is in
/// parentheses and may hold any character, parentheses too.
fn times(stat: &str) -> Option<(&str, [f64; 2])> {
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1;
    // utime, stime, cutime and cstime are fields 14 to 17; field 3 is the first of `after`.
    let ticks: Vec<f64> = after
        .split_whitespace()
        .skip(11)
        .take(4)
        .map_while(|field| field.parse().ok())
        .collect();
    let [user, system, children_user, children_system] = ticks.as_slice() else {
        return None;
    };
    Some((name, [user + system, children_user + children_system]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";
        assert_eq!(times(stat), Some(("a) b (c", [23.0, 27.0])));
    }

    #[test]
    fn work_of_this_process_is_counted_as_its_own() {
        let before = Cpu::now();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_millis() < 300 {
            std::hint::black_box(begun);
        }
        let used = Cpu::now().since(&before).own();
        assert!(used > 0.01, "{used}");
    }
}
