//! Shows where the change of an object stands: in its status, in events, and in the log. In: a standing, or a run to
//! record. Out: whether the status was written, and when to reconcile again.
//!
//! A status is written when it says something new. A number, or what is waited for, is written after a pause. An event
//! follows the write that it tells of; that of a write whose answer is lost follows once the watch shows whether it was
//! done.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use trimtab_engine::{
    machine::once_written,
    pace,
    parts::{Parts, Phase},
    protocol::Response,
    standing::Standing,
};
use trimtab_runtime::ApplyError;

use crate::{
    answers,
    controller::Controller,
    kept::Kept,
    ran::{self, Ran},
    reconciled::{Meta, Run, ready},
    reconciler::{Reconciler, until_then},
    records,
};

/// Minimum interval between status writes that only update a number or what is waited for, while nothing is under way:
/// how long a gate has been closed is not worth a write.
const QUIET: Duration = Duration::from_secs(600);
/// Delay before the retry after a failed status write.
const RETRY: Duration = Duration::from_secs(2);

impl<C: Controller> Reconciler<C> {
    /// Writes a run, and the standing that results from it.
    pub(crate) async fn write_run(
        &self,
        kept: &Kept<C>,
        row: &C::Row,
        observed: &C::Observed,
        run: &Run<C>,
        now: Timestamp,
    ) -> Response {
        let standing = once_written::<C::Change>(C::view(observed), run, now);
        let status = self.controller.status(row, observed, Some(run), &standing, now);
        match self.write(kept, row, status).await {
            Ok(()) => {
                self.controller.wrote(row, run);
                Response::Done
            }
            Err(error) => {
                let (Meta { namespace, name, .. }, what) = (C::meta(row), <C::Change as Parts>::WORDS.status);
                tracing::info!(controller = C::NAME, namespace, name, %error, "{what} was not written");
                answers::response(error)
            }
        }
    }

    /// Shows the standing of an object that has to wait.
    pub(crate) async fn rest(
        &self,
        kept: &Kept<C>,
        row: &C::Row,
        observed: &C::Observed,
        standing: &Standing,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Ran {
        let status = self.controller.status(row, observed, None, standing, now);
        let phase = C::run(row).map(<C::Change as Parts>::phase);
        let most = pace::look_again_s(phase, standing, C::is_undecided(row, &status));
        let most = most.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
        let again = sooner(until.map(|at| until_then(at, now)), most);
        if C::differs(row, &status) {
            let is_under_way = phase.is_some_and(|phase| phase != Phase::Ended);
            let pause = if is_under_way { self.between_messages() } else { QUIET };
            let is_news = C::is_news(row, &status);
            // A number that is seen to differ for the first time may be that of something which is just being replaced.
            let moment = (self.context.stopwatch)();
            let told = *kept.told.lock().get_or_insert(moment);
            if !is_news && moment.duration_since(told) < pause {
                return Some(pause.min(again.unwrap_or(pause))).into();
            }
            if let Err(error) = self.write(kept, row, status).await {
                if !matches!(error, ApplyError::NotFound { .. } | ApplyError::NotLeader) {
                    let Meta { namespace, name, .. } = C::meta(row);
                    tracing::info!(controller = C::NAME, namespace, name, %error, "status was not written; retrying");
                    return Ran { again: Some(RETRY), failed: ran::write_failed(&error) };
                }
                return Ran::default();
            }
        }
        again.into()
    }

    /// The same as [`QUIET`] while a change is under way.
    fn between_messages(&self) -> Duration {
        let under_way = self.controller.limiter().lock().under_way();
        Duration::from_secs(pace::message_every_s(under_way).unsigned_abs())
    }

    async fn write(&self, kept: &Kept<C>, row: &C::Row, status: C::Status) -> Result<(), ApplyError> {
        let body = C::body(row, &status);
        match records::write_status::<C::Resource>(&self.context.writer, C::meta(row), body).await {
            Ok(version) => {
                *kept.untold.lock() = None;
                self.tell(row, word(C::conditions(row)), C::written_conditions(&status));
                *kept.told.lock() = Some((self.context.stopwatch)());
                kept.own.lock().wrote(version, status);
                Ok(())
            }
            Err(error) => {
                self.context.metrics.count_error(C::NAME, "status", &error);
                // A refusal may be that of a repetition: the first attempt was done, and its answer lost.
                let before = word(C::conditions(row)).map(str::to_owned);
                *kept.untold.lock() = (error != ApplyError::NotLeader).then_some((C::meta(row).version, before));
                Err(error)
            }
        }
    }

    /// Tells of a write that was not answered, once a newer version of the object shows whether it was done.
    pub(crate) fn tell_late(&self, kept: &Kept<C>, row: &C::Row) {
        let untold = kept.untold.lock().take_if(|(version, _)| C::meta(row).version > *version);
        if let Some((_, before)) = untold {
            self.tell(row, before.as_deref(), C::conditions(row));
        }
    }

    /// Publishes the event of the change from the word `before` to that of these conditions, if that is worth one.
    fn tell(&self, row: &C::Row, before: Option<&str>, conditions: &[Condition]) {
        let Some((after, message)) = ready(conditions) else { return };
        if let Some(event) = C::event(before, after, message) {
            self.context.events.publish_to(C::meta(row).reference::<C::Resource>(), event);
        }
    }
}

/// The reason of `Ready`.
fn word(conditions: &[Condition]) -> Option<&str> {
    ready(conditions).map(|(reason, _)| reason)
}

/// The sooner of two durations, either of which may be absent.
fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}
