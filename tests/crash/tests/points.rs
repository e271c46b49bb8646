//! Each program is killed at each of its crash points, started again, and the host is looked at:
//! no user without registry entry and registration, no home without user, nothing half, nothing
//! stuck, one token, no uid used twice. Each test prints a table.

use std::fs;
use std::time::Instant;

use crash::crew;
use crash::member::Call;
use crash::private_host::private_host;
use crash::program::{Arm, Kind};
use crash::proof::{Chosen, Proof, first_passes};
use crash::scenario::Plot;
use crash::site::Site;

/// More than any scenario passes a point.
const ALL: usize = 1_000;

/// Points that only the writer of accounts passes that is not the default.
const DIRECT: &[&str] = &["direct."];
/// Points that only groups pass.
const GROUP: &[&str] = &["shared.", "tool.gpasswd."];
/// Points that only those pass who were members for a while.
const CLOSED: &[&str] = &[
    "archive.",
    "home.hold.",
    "home.put-back.",
    "home.delete-held.",
    "home.restore.",
];

fn points_with(prefixes: &[&str]) -> Vec<String> {
    let mut points = Kind::Provisiond.points();
    points.retain(|point| prefixes.iter().any(|prefix| point.starts_with(prefix)));
    points
}

#[test]
fn provisiond_killed_at_any_point_of_an_accounts_life_finishes_or_undoes_it() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, false) else {
            return;
        };
        let mut proof = Proof::new(&mut site, "m");
        let (mut chosen, mut again) = (Chosen::default(), Chosen::default());
        for plot in [Plot::Life, Plot::Discard] {
            let points = proof.record(Kind::Provisiond, plot);
            let points = chosen.of_plot(&points, plot);
            proof.go_through(Kind::Provisiond, plot, &points);
        }
        while_the_journal_is_written_anew(&mut proof);
        for (plot, first) in [
            (Plot::Discard, "tool.groupadd.after#1"),
            (Plot::Discard, "home.stage.after#1"),
            (Plot::Discard, "home.withdraw.renamed#1"),
            (Plot::Life, "tool.chpasswd.after#1"),
        ] {
            proof.go_through_recovery(plot, first, &mut again);
        }
        let others = [DIRECT, CLOSED, GROUP].concat();
        let mut points = Kind::Provisiond.points();
        points.retain(|point| !points_with(&others).contains(point));
        proof.conclude(&points);
    });
}

#[test]
fn provisiond_killed_while_an_account_is_packed_or_comes_back_loses_nothing_of_it() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, false) else {
            return;
        };
        let mut proof = Proof::new(&mut site, "a");
        let known = [
            Call::Create,
            Call::Configure,
            Call::Activate,
            Call::Suspend,
            Call::Resume,
            Call::Remove,
        ];
        let (mut chosen, mut again) = (Chosen::without(&known), Chosen::default());
        for plot in [Plot::Archive, Plot::Restore, Plot::ArchiveInVain] {
            let points = proof.record(Kind::Provisiond, plot);
            let points = chosen.of_plot(&points, plot);
            proof.go_through(Kind::Provisiond, plot, &points);
        }
        for (plot, first) in [
            (Plot::Archive, "archive.pack.renamed#1"),
            (Plot::ArchiveInVain, "home.hold.renamed#1"),
            (Plot::Restore, "archive.unpack.extracted#1"),
        ] {
            proof.go_through_recovery(plot, first, &mut again);
        }
        proof.conclude(&points_with(CLOSED));
    });
}

/// Of what was recorded of a group's life, what is chosen of each kind of call on the group.
fn of_the_group(recorded: &[String], chosen: &mut Chosen) -> Vec<String> {
    let mut answers = recorded.split_inclusive(|pass| pass.starts_with("answer.before#"));
    let mut points = Vec::new();
    for is_new in crew::is_new_on_a_group() {
        // Each call is answered twice.
        let passes: Vec<String> = answers.by_ref().take(2).flatten().cloned().collect();
        assert!(!passes.is_empty(), "a call passes no point");
        if is_new {
            points.extend(chosen.of_passes(&passes));
        }
    }
    points
}

#[test]
fn provisiond_killed_at_any_point_of_a_groups_life_loses_neither_members_nor_content() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, false) else {
            return;
        };
        let mut proof = Proof::new(&mut site, "g");
        let mut chosen = Chosen::default();
        let recorded = proof.record(Kind::Provisiond, Plot::Group);
        let points = of_the_group(&recorded, &mut chosen);
        proof.go_through(Kind::Provisiond, Plot::Group, &points);
        for first in [
            "shared.make.owned#1",
            "shared.renamed#2",
            "shared.delete.taken#1",
        ] {
            proof.go_through_recovery(Plot::Group, first, &mut chosen);
        }
        proof.conclude(&points_with(GROUP));
    });
}

#[test]
fn provisiond_killed_while_it_writes_the_account_database_itself_finishes_or_undoes_it() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, false) else {
            return;
        };
        site.provisiond
            .set("PROVISIOND__ACCOUNTS__WRITER", "direct");
        let mut proof = Proof::new(&mut site, "d");
        // All that it does to make an account, and each point once of what it changes later.
        let mut points = proof.record(Kind::Provisiond, Plot::Discard);
        points.retain(|point| point.starts_with("direct."));
        proof.go_through(Kind::Provisiond, Plot::Discard, &points);
        let life = proof.record(Kind::Provisiond, Plot::Life);
        let mut chosen = Chosen::without(&[Call::Create, Call::Configure]);
        let mut life = chosen.of_plot(&life, Plot::Life);
        life.retain(|point| point.starts_with("direct."));
        proof.go_through(Kind::Provisiond, Plot::Life, &life);
        let group = proof.record(Kind::Provisiond, Plot::Group);
        let mut group = of_the_group(&group, &mut Chosen::default());
        group.retain(|point| point.starts_with("direct."));
        proof.go_through(Kind::Provisiond, Plot::Group, &group);
        let again = &mut Chosen::default();
        proof.go_through_recovery(Plot::Discard, "direct.place.exchanged#2", again);
        proof.conclude(&points_with(DIRECT));
    });
}

/// A journal that has grown by 20,000 lines of history is written anew at the next event.
fn while_the_journal_is_written_anew(proof: &mut Proof<'_, '_>) {
    let journal = "/var/lib/provisiond/journal";
    let text = fs::read_to_string(journal).unwrap();
    // The end of an operation that is long over: as often as one likes, it changes nothing.
    let line = text.lines().find(|line| line.contains("undone")).unwrap();
    for moment in ["before", "written", "synced", "renamed", "after"] {
        let began = Instant::now();
        let before = proof.site.accounts().unwrap();
        proof.site.provisiond.stop().unwrap();
        let text = fs::read_to_string(journal).unwrap();
        let many = format!("{line}\n").repeat(21_000 + 2 * text.lines().count());
        fs::write(journal, text.clone() + &many).unwrap();
        let point = format!("journal.rewrite.{moment}#1");
        proof.site.start_provisiond(Arm::At(point.clone()));
        let mut person = proof.person(Plot::Discard);
        let result = proof.play(person.as_mut()).and_then(|()| {
            let now = fs::read_to_string(journal).unwrap().lines().count();
            let same = proof.site.accounts().unwrap() == before;
            let shorter = now < 20_000;
            (same && shorter).then_some(()).ok_or_else(|| {
                let was = text.lines().count();
                format!("same accounts: {same}; {now} lines, and {was} before")
            })
        });
        proof.note(
            Kind::Provisiond,
            "long journal".into(),
            &point,
            result,
            began,
        );
    }
}

#[test]
fn provisiond_killed_while_registrar_web_needs_it_delays_a_registration_and_loses_nothing() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, true) else {
            return;
        };
        site.start_provisiond(Arm::No);
        site.start_web(Arm::No);
        let mut proof = Proof::new(&mut site, "p");
        for plot in [Plot::SignUp, Plot::Expire] {
            let points = proof.record(Kind::Provisiond, plot);
            proof.go_through(Kind::Provisiond, plot, &first_passes(&points, 2));
        }
        proof.conclude(&[]);
    });
}

#[test]
fn registrar_web_killed_at_any_point_goes_on_where_it_was() {
    private_host(|host| {
        let Some(mut site) = Site::new(host, true) else {
            return;
        };
        site.start_provisiond(Arm::No);
        let mut proof = Proof::new(&mut site, "w");
        first_start(&mut proof);
        let points = proof.record(Kind::Web, Plot::SignUp);
        proof.go_through(Kind::Web, Plot::SignUp, &first_passes(&points, ALL));
        for plot in [Plot::Expire, Plot::Reject] {
            // Until the mail is sent they are like the sign-up.
            let points = first_passes(&proof.record(Kind::Web, plot), ALL);
            let sent = points.iter().position(|p| p == "mailer.send.after#1");
            proof.go_through(Kind::Web, plot, &points[sent.unwrap()..]);
        }
        let mut points = proof.record(Kind::Web, Plot::Invited);
        points.retain(|point| point.contains("invite"));
        proof.go_through(Kind::Web, Plot::Invited, &points);
        proof.conclude(&Kind::Web.points());
    });
}

/// A service that has no state yet makes it.
fn first_start(proof: &mut Proof<'_, '_>) {
    for (number, moment) in ["before", "written", "linked", "after"].iter().enumerate() {
        let began = Instant::now();
        if let Some(web) = proof.site.web.as_mut() {
            web.stop().unwrap();
        }
        proof.site.new_web_state(number + 1);
        let point = format!("key.made.{moment}#1");
        proof.site.start_web(Arm::At(point.clone()));
        let mut person = proof.person(Plot::Expire);
        let result = proof.play(person.as_mut());
        proof.note(Kind::Web, "first start".into(), &point, result, began);
    }
}
