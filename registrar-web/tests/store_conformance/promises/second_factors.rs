//! The second half of a login, on two instances that share a store.

use std::sync::Arc;

use registrar_web::auth::{FactorError, LoginError, Tokens};
use registrar_web::domain::{ChallengeToken, Proof, RecoveryCode, VerificationKey, login_code};
use zeroize::Zeroizing;

use crate::fixture::Fixture;
use crate::identity::{Instance, active, instance};
use crate::records::rid;

/// Someone who gets codes by mail and has a recovery code.
async fn ada(f: &Fixture) -> RecoveryCode {
    let written = RecoveryCode::new([1; 10]);
    let mut user = active(1, "ada");
    let factor = &mut user.access.second_factor;
    factor.set_by_mail(true);
    factor.replace_recovery(std::slice::from_ref(&written));
    f.store.insert_user(&user).await.unwrap();
    written
}

/// Twenty answers at once, every second one on each instance.
async fn twenty(
    [one, two]: [&Instance; 2],
    tokens: &[ChallengeToken],
    proof: impl Fn() -> Proof,
) -> Vec<Result<Tokens, FactorError>> {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let instance = if n % 2 == 0 { one } else { two }.clone();
        let (token, proof) = (tokens[n / 2 % tokens.len()].clone(), proof());
        tasks.spawn(async move { instance.answer(&token, proof).await });
    }
    tasks.join_all().await
}

pub(crate) async fn of_20_answers_with_one_code_on_two_instances_one_is_let_in(f: Arc<Fixture>) {
    let keys = tempfile::tempdir().unwrap();
    let other = f.place.open().await;
    let one = instance(Arc::clone(&f.store), keys.path());
    let two = instance(Arc::clone(&other), keys.path());
    let written = ada(&f).await;
    // The code of the mail, for one login.
    let token = one.ask("ada").await;
    let code = login_code(&VerificationKey::new([7; 32]), token.challenge());
    let code = || Proof::Code(Zeroizing::new(code.expose().to_owned()));
    let answers = twenty([&one, &two], std::slice::from_ref(&token), code).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, FactorError::Gone), "{refused:?}");
    }
    // A recovery code, for two logins.
    let tokens = [one.ask("ada").await, two.ask("ada").await];
    let code = || Proof::Recovery(Zeroizing::new(written.expose()));
    let answers = twenty([&one, &two], &tokens, code).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        let is_late = matches!(
            refused,
            FactorError::Gone
                | FactorError::WrongAnswer { .. }
                | FactorError::Login(LoginError::Limited { .. })
        );
        assert!(is_late, "{refused:?}");
    }
    let user = f.store.user(rid(1)).await.unwrap().unwrap();
    assert_eq!(user.access.second_factor.recovery_left(), 0);
    other.close().await;
}

pub(crate) async fn wrong_codes_are_limited_over_two_instances(f: Arc<Fixture>) {
    let keys = tempfile::tempdir().unwrap();
    let other = f.place.open().await;
    let one = instance(Arc::clone(&f.store), keys.path());
    let two = instance(Arc::clone(&other), keys.path());
    let written = ada(&f).await;
    for instance in [&one, &two, &one, &two, &one] {
        // Each with a login of its own, which would allow five.
        let token = instance.ask("ada").await;
        let wrong = Proof::Code(Zeroizing::new("wrong".to_owned()));
        let refused = instance.answer(&token, wrong).await;
        assert!(
            matches!(refused, Err(FactorError::WrongAnswer { tries_left: 4 })),
            "{refused:?}"
        );
    }
    for instance in [&one, &two] {
        let token = instance.ask("ada").await;
        let right = Proof::Recovery(Zeroizing::new(written.expose()));
        let refused = instance.answer(&token, right).await;
        assert!(
            matches!(refused, Err(FactorError::Login(LoginError::Limited { .. }))),
            "{refused:?}"
        );
        let user = f.store.user(rid(1)).await.unwrap().unwrap();
        assert!(user.waits_for(&token, crate::records::at(0)).is_some());
        assert_eq!(user.access.second_factor.recovery_left(), 1);
    }
    other.close().await;
}
