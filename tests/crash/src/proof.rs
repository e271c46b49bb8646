//! Goes through the points and prints what came of each.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::invariants;
use crate::member::Call;
use crate::program::{Arm, Kind};
use crate::scenario::{Plot, Scenario};
use crate::site::Site;

/// Within this time a scenario is at its end and everything is quiet again.
const PATIENCE: Duration = Duration::from_secs(40);
/// When nothing happens for so long, the clock of registrar-web is moved.
const STALLED: Duration = Duration::from_millis(150);
const MOVED: i64 = 10;
/// How often a point is tried that is not always passed.
const TRIES: usize = 3;
/// Points that are passed at every request, or every second.
const OFTEN: [&str; 8] = [
    "store.count.before",
    "store.count.after",
    "store.lease_registration.before",
    "store.lease_mail.before",
    "store.forget_mails.before",
    "store.forget_mails.after",
    "store.forget_limits.before",
    "store.forget_limits.after",
];

/// A line of the table.
struct Row {
    point: String,
    program: &'static str,
    scenario: String,
    outcome: Outcome,
}

enum Outcome {
    /// All was well after so long.
    Ok(Duration),
    /// The program went another way this time, and never came to this pass.
    NotPassed,
    /// What was wrong.
    Failed(String),
}

/// The points of a site, gone through one after the other.
pub struct Proof<'s, 'h> {
    /// Where it all happens.
    pub site: &'s mut Site<'h>,
    rows: Vec<Row>,
    prefix: &'static str,
    people: usize,
}

impl<'s, 'h> Proof<'s, 'h> {
    /// A proof on this site; each person's name begins with `prefix`.
    #[must_use]
    pub fn new(site: &'s mut Site<'h>, prefix: &'static str) -> Self {
        Self {
            site,
            rows: Vec::new(),
            prefix,
            people: 0,
        }
    }

    /// Someone new.
    pub fn person(&mut self, plot: Plot) -> Box<dyn Scenario> {
        self.people += 1;
        plot.of(&format!("{}{:03}", self.prefix, self.people))
    }

    /// Plays the scenario once without a crash; what the program passed, in order.
    ///
    /// # Panics
    /// It does not even work like that.
    pub fn record(&mut self, kind: Kind, plot: Plot) -> Vec<String> {
        self.restart(kind, Arm::Record, plot);
        let mut person = self.person(plot);
        let result = self.play(person.as_mut());
        assert!(
            result.is_ok(),
            "{}: {result:?}\n{}",
            plot.name(),
            self.site.logs()
        );
        match kind {
            Kind::Provisiond => self.site.provisiond.passed(),
            Kind::Web => self
                .site
                .web
                .as_ref()
                .map(|w| w.passed())
                .unwrap_or_default(),
        }
    }

    /// Plays the scenario once for each point, with the program armed to die there.
    pub fn go_through(&mut self, kind: Kind, plot: Plot, points: &[String]) {
        for point in points {
            for tries in 1..=TRIES {
                let began = Instant::now();
                self.restart(kind, Arm::At(point.clone()), plot);
                let mut person = self.person(plot);
                let result = self.play(person.as_mut());
                // Two tasks that race pass a point sometimes more often, sometimes less.
                if tries < TRIES && result.is_ok() && self.site.has_no_death() {
                    continue;
                }
                self.note(kind, plot.name().to_owned(), point, result, began);
                break;
            }
        }
    }

    /// Has the program die at `first`, and at the points that its next start passes once more, as
    /// far as they are not chosen yet.
    ///
    /// # Panics
    /// The first death does not come.
    pub fn go_through_recovery(&mut self, plot: Plot, first: &str, chosen: &mut Chosen) {
        let mut person = self.person(plot);
        self.die_at(person.as_mut(), first, plot);
        self.site.start_provisiond(Arm::Record);
        let points = chosen.of_passes(&self.site.provisiond.passed());
        let result = self.play(person.as_mut());
        assert!(result.is_ok(), "{first}: {result:?}");
        for point in points {
            let began = Instant::now();
            let mut person = self.person(plot);
            self.die_at(person.as_mut(), first, plot);
            self.site.start_provisiond(Arm::At(point.clone()));
            let result = self.play(person.as_mut());
            let scenario = format!("{}, after {first}", plot.name());
            self.note(Kind::Provisiond, scenario, &point, result, began);
        }
    }

    fn die_at(&mut self, person: &mut dyn Scenario, point: &str, plot: Plot) {
        self.restart(Kind::Provisiond, Arm::At(point.to_owned()), plot);
        let began = Instant::now();
        loop {
            match self.site.provisiond.death() {
                Ok(Some(_)) => return,
                Ok(None) => {}
                Err(e) => panic!("{e}\n{}", self.site.logs()),
            }
            assert!(began.elapsed() < PATIENCE, "{point} is not reached");
            let stepped = person.step(self.site);
            assert!(matches!(stepped, Ok(false)), "{point}: {stepped:?}");
        }
    }

    /// A point that was gone through by other means.
    pub fn note(
        &mut self,
        kind: Kind,
        scenario: String,
        point: &str,
        result: Result<(), String>,
        began: Instant,
    ) {
        let deaths = self.site.take_deaths();
        let outcome = match (result, deaths.as_slice()) {
            (Ok(()), [one]) if one == point => Outcome::Ok(began.elapsed()),
            (Ok(()), []) => Outcome::NotPassed,
            (Ok(()), others) => Outcome::Failed(format!("died at {others:?}")),
            (Err(why), _) => Outcome::Failed(format!("{why}\n{}", self.site.logs())),
        };
        self.rows.push(Row {
            point: point.to_owned(),
            program: kind.name(),
            scenario,
            outcome,
        });
    }

    fn restart(&mut self, kind: Kind, arm: Arm, plot: Plot) {
        match kind {
            Kind::Provisiond => {
                let stopped = self.site.provisiond.stop();
                assert!(stopped.is_ok(), "{stopped:?}\n{}", self.site.logs());
                self.site.start_provisiond(arm);
            }
            Kind::Web => {
                if let Some(web) = self.site.web.as_mut() {
                    let stopped = web.stop();
                    web.set("REGISTRAR__REGISTRATION__MODE", plot.mode());
                    assert!(stopped.is_ok(), "{stopped:?}\n{}", self.site.logs());
                }
                self.site.start_web(arm);
            }
        }
    }

    /// Plays to the end, waits until everything is quiet, looks at everything.
    ///
    /// # Errors
    /// What is wrong.
    pub fn play(&mut self, person: &mut dyn Scenario) -> Result<(), String> {
        let began = Instant::now();
        let mut quiet = Instant::now();
        let mut done = false;
        loop {
            let died = self.site.tend()?;
            if died {
                person.cut_short();
            }
            if died && self.site.web.is_none() {
                // Between two calls nothing is under way: whatever was, is settled at the start.
                invariants::settled(self.site)?;
                invariants::check(self.site)?;
            }
            if done {
                match invariants::settled(self.site) {
                    Ok(()) => break,
                    Err(why) if began.elapsed() > PATIENCE => return Err(why),
                    Err(_) => {}
                }
            } else if began.elapsed() > PATIENCE {
                return Err("the scenario came to no end".into());
            } else {
                done = person.step(self.site)?;
                if done {
                    continue;
                }
            }
            if quiet.elapsed() > STALLED {
                self.site.forward(MOVED);
                quiet = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        invariants::check(self.site)?;
        if self.site.web.is_none() {
            // By then every file was written once more.
            invariants::no_scraps_of_the_account_database()?;
        }
        Ok(())
    }

    /// Prints the table, past the capture of the test harness.
    ///
    /// # Panics
    /// A point came out badly, or one of the program's was never died at.
    pub fn conclude(self, to_be_reached: &[String]) {
        let mut table = String::new();
        let (mut failures, mut reached) = (Vec::new(), BTreeSet::new());
        for row in &self.rows {
            let (point, program, scenario) = (&row.point, row.program, &row.scenario);
            let outcome = match &row.outcome {
                Outcome::Ok(took) => {
                    reached.extend(point.split('#').next());
                    format!("OK, {:.1} s", took.as_secs_f64())
                }
                Outcome::NotPassed => "not passed this time".to_owned(),
                Outcome::Failed(why) => {
                    failures.push(format!("{point} ({scenario}): {why}"));
                    format!("FAILED: {}", why.lines().next().unwrap_or_default())
                }
            };
            table.push_str(&format!(
                "{point:<40} {program:<14} {scenario:<44} {outcome}\n"
            ));
        }
        let mut missed = to_be_reached.to_vec();
        missed.retain(|point| !reached.contains(point.as_str()));
        let mut out = std::io::stderr().lock();
        let _ = writeln!(
            out,
            "\n{table}{} crashes, {} of them not OK; points never reached: {missed:?}",
            self.rows.len(),
            failures.len()
        );
        for failure in failures.iter().take(3) {
            let _ = writeln!(out, "{failure}\n");
        }
        drop(out);
        assert!(failures.is_empty() && missed.is_empty(), "see the table");
    }
}

/// What was chosen already, so that nothing is gone through twice that proves nothing new.
#[derive(Default)]
pub struct Chosen {
    calls: BTreeSet<Call>,
    points: BTreeSet<String>,
}

impl Chosen {
    /// As if these calls had been chosen from.
    #[must_use]
    pub fn without(calls: &[Call]) -> Self {
        Self {
            calls: calls.iter().copied().collect(),
            ..Self::default()
        }
    }

    /// Of what was recorded of a plot, what belongs to calls that no plot had before. Of each call
    /// the ends of effects, which tell its states on the host apart, the first and the last of each;
    /// the beginning and the middle of an effect only where it is met first.
    ///
    /// # Panics
    /// The recording is another plot's.
    pub fn of_plot(&mut self, recorded: &[String], plot: Plot) -> Vec<String> {
        // Each call is answered twice.
        let mut answers = recorded.split_inclusive(|pass| pass.starts_with("answer.before#"));
        let mut new = Vec::new();
        for call in plot.calls() {
            let passes: Vec<String> = answers.by_ref().take(2).flatten().cloned().collect();
            assert!(!passes.is_empty(), "{call:?} passes no point");
            if self.calls.insert(*call) {
                new.extend(self.of_passes(&passes));
            }
        }
        new
    }

    /// The same of passes that belong to one thing.
    pub fn of_passes(&mut self, passes: &[String]) -> Vec<String> {
        let mut new = Vec::new();
        for (at, pass) in passes.iter().enumerate() {
            let point = name_of(pass);
            let again = |others: &[String]| others.iter().any(|other| name_of(other) == point);
            let is_end = point.ends_with(".after") || point == "journal.append.synced";
            let is_outer = !(again(&passes[..at]) && again(&passes[at + 1..]));
            let is_first = self.points.insert(point.to_owned());
            if is_first || is_end && is_outer {
                new.push(pass.clone());
            }
        }
        new
    }
}

fn name_of(pass: &str) -> &str {
    pass.split_once('#').map_or(pass, |(point, _)| point)
}

/// Of what was recorded, the first `most` passes of each point, and the first two of those that are
/// passed all the time.
#[must_use]
pub fn first_passes(recorded: &[String], most: usize) -> Vec<String> {
    let within = |pass: &&String| {
        let (point, number) = pass.split_once('#').unwrap_or((pass, "1"));
        let most = if OFTEN.contains(&point) { 2 } else { most };
        number.parse::<usize>().is_ok_and(|n| n <= most)
    };
    recorded.iter().filter(within).cloned().collect()
}
