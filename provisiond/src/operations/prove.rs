//! The proof that the owner of an account can get in and read mail.

use std::collections::VecDeque;

use provision_api::{AccountState, LoginProof, OnAccount, Step, Verdict};

use super::configure::wrong_state;
use super::refusal::Refusal;
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Answer, Answered, Event, Outcome};
use crate::registry::{CREATION_WINDOW, Record};

/// Proofs of one account in any hour.
const OF_ONE: usize = 12;
/// Proofs in any hour for each account that may be made in one. A home that is made to hold them up
/// costs up to twenty seconds of the worker's time each.
const FOR_EACH_NEW: usize = 4;
/// And so many in any case.
const AT_LEAST: usize = 20;

/// Whose way in was tried when, within the last hour; oldest first. Not kept over a restart, which
/// no caller can bring about.
#[derive(Debug, Default)]
pub(super) struct RecentProofs(VecDeque<(i64, u32)>);

impl RecentProofs {
    /// Takes note of one more, or says in how many seconds it may be tried.
    fn note(&mut self, uid: u32, now: i64, most: usize) -> Result<(), i64> {
        let within = |at: i64| at > now - CREATION_WINDOW && at <= now;
        self.0.retain(|(at, _)| within(*at));
        let first_own = self.0.iter().find(|(_, whose)| *whose == uid);
        let own = self.0.iter().filter(|(_, whose)| *whose == uid).count();
        let full = match (own >= OF_ONE, self.0.len() >= most) {
            (true, _) => first_own,
            (false, true) => self.0.front(),
            (false, false) => None,
        };
        if let Some((at, _)) = full {
            return Err((at + CREATION_WINDOW - now).clamp(1, CREATION_WINDOW));
        }
        self.0.push_back((now, uid));
        Ok(())
    }
}

impl Operator {
    /// There is no intent: the one thing that stays, the greeting, has a name of which there is
    /// one, so a call that is repeated after a crash finds it.
    pub(super) fn prove_account(
        &mut self,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<LoginProof, Refusal> {
        let record = self.account(&call.username)?;
        if record.state != AccountState::Active {
            let why = "only of an active account it can be proven that its owner gets in";
            return Err(wrong_state(&record, why));
        }
        self.check_identity(&record)?;
        let new_ones = usize::try_from(self.policy.create_limit_per_hour).unwrap_or(usize::MAX);
        let most = new_ones.saturating_mul(FOR_EACH_NEW).max(AT_LEAST);
        let noted = self.recent_proofs.note(record.uid, asked.now, most);
        noted.map_err(|wait| Refusal::RateLimited {
            message: "as many proofs as an hour may have were made".into(),
            retry_after: u32::try_from(wait).unwrap_or(1),
        })?;
        let host = &self.host;
        let proof = trail.step(Step::Proof, || host.prove(&record, asked.now))?;
        let greeted_now = proof.mailbox.verdict == Verdict::Ok;
        let greeted_at = record.greeted_at.or(greeted_now.then_some(asked.now));
        let answered = Answered {
            request_id: asked.request_id,
            fingerprint: asked.fingerprint,
            at: asked.now,
            answer: Answer::Proof(proof.clone()),
        };
        let outcome = Outcome::Record(Record {
            greeted_at,
            ..record
        });
        self.commit(Event::Done { answered, outcome })?;
        Ok(proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_and_all_of_them_have_so_many_proofs_an_hour() {
        let mut recent = RecentProofs::default();
        for _ in 0..OF_ONE {
            recent.note(1, 100, 14).unwrap();
        }
        assert_eq!(recent.note(1, 200, 14), Err(CREATION_WINDOW - 100));
        recent.note(2, 300, 14).unwrap();
        recent.note(3, 300, 14).unwrap();
        assert_eq!(recent.note(4, 300, 14), Err(CREATION_WINDOW - 200));
        recent.note(1, 100 + CREATION_WINDOW, 14).unwrap();
        assert_eq!(recent.0.len(), 3);
        // A clock that was ahead blocks nobody.
        recent.note(1, 50, 14).unwrap();
        assert_eq!(recent.0.len(), 1);
    }
}
