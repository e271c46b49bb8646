use provision_api::Step;

use super::refusal::{Failure, Refusal, step_name};
use crate::pulse;

/// Tells the log, and whoever asked, of each step.
pub(super) struct Trail<'a> {
    report: &'a mut dyn FnMut(Step),
}

impl<'a> Trail<'a> {
    pub(super) fn new(report: &'a mut dyn FnMut(Step)) -> Self {
        Self { report }
    }

    /// Does one step and reports it when it is done.
    pub(super) fn step<T, E: Into<Failure>>(
        &mut self,
        step: Step,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Refusal> {
        let span = tracing::info_span!("step", step = step_name(step));
        let _entered = span.enter();
        pulse::beat();
        match work() {
            Ok(value) => {
                tracing::debug!("done");
                (self.report)(step);
                Ok(value)
            }
            Err(error) => {
                let failure = error.into();
                tracing::warn!(transient = failure.transient, error = %failure, "{} failed: {failure}", step_name(step));
                Err(Refusal::Step { step, failure })
            }
        }
    }
}
