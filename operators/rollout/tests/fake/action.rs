//! Events: to a machine (its number comes first), to the cluster, by people and nodes. In: the scene. Out: those that
//! can happen in it.

use super::{Config, Scene};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The machine reads its view and decides.
    Look(u8),
    /// The server applies the request, and the response arrives.
    Serve(u8),
    /// The request is applied, or not, and no response arrives.
    Lose {
        of: u8,
        done: bool,
    },
    /// The server responds that a precondition does not hold.
    Conflict(u8),
    /// The server refuses the request permanently.
    Refuse(u8),
    /// The process crashes, and all machines with it. Their requests arrive, or not.
    Crash {
        done: bool,
    },
    /// From now on the machines keep seeing the cluster in its present state.
    Lag,
    /// The machines see the current cluster again.
    CatchUp,
    /// A long time passes.
    Tick,
    /// A node has completed a resize.
    Settle(u8),
    /// A node has no room for a resize now, or never will.
    Defer(u8),
    Infeasible(u8),
    Unready(u8),
    Ready(u8),
    Replace(u8),
    /// The workload's own rollout replaces one pod.
    Roll(u8),
    Withdraw(u8),
    Reject(u8),
    Approve(u8),
    EditProposal(u8),
    EditTemplate,
    /// Somebody puts the former size into the template by hand.
    RevertTemplate,
    DropEntry,
    Suspend,
    Resume,
    GuardLost,
    GuardBack,
    Halt,
    Unhalt,
    Fail,
    Inconclusive,
    Pass,
    /// The workload is recreated, or deleted.
    Recreate,
    Delete,
    /// The workload is deleted, its pods stay and belong to a new one of its name: at once, or until it comes.
    Adopt,
    Orphan,
    Return,
    /// A Recommendation is deleted, by anybody.
    DeleteRec(u8),
    DeletePolicy,
    /// The policy recreates its Recommendation.
    Remake,
    /// The workload's controller cannot create pods with the delivered size.
    CannotCreate,
}

impl Action {
    /// Whether it counts as a disturbance, of which there are few, and is not part of normal operation.
    pub fn disturbs(self) -> bool {
        use Action as A;
        let free =
            matches!(self, A::Look(_) | A::Serve(_) | A::CatchUp | A::Tick | A::Resume | A::GuardBack | A::Unhalt);
        !free
            && !matches!(
                self,
                A::Pass | A::Return | A::Approve(_) | A::Remake | A::Settle(_) | A::Ready(_) | A::Roll(_)
            )
    }
}

impl Config {
    pub fn machines(&self) -> u8 {
        if self.scene == Scene::Two { 2 } else { 1 }
    }

    /// Every event that can happen at all in such a cluster.
    pub fn actions(&self) -> Vec<Action> {
        use Action as A;
        let mut all = vec![A::CatchUp, A::Tick, A::Resume, A::GuardBack, A::Unhalt, A::Pass];
        let lasting = [A::EditTemplate, A::RevertTemplate, A::DropEntry, A::Suspend, A::GuardLost, A::Halt];
        all.extend([A::Crash { done: true }, A::Crash { done: false }, A::Lag]);
        all.extend(lasting.into_iter().chain([A::Fail, A::Inconclusive, A::Recreate, A::Delete]));
        all.extend([A::Adopt, A::Orphan, A::Return]);
        for of in 0..self.machines() {
            all.extend([A::Look(of), A::Serve(of), A::Approve(of), A::Conflict(of), A::Refuse(of)]);
            all.extend([A::Lose { of, done: true }, A::Lose { of, done: false }]);
            all.extend([A::Withdraw(of), A::Reject(of), A::EditProposal(of)]);
            all.extend((self.scene != Scene::Stays).then_some(A::DeleteRec(of)));
        }
        if self.scene != Scene::Stays {
            all.extend([A::DeletePolicy, A::Remake, A::CannotCreate]);
        }
        for i in 0..self.pods {
            all.extend([A::Settle(i), A::Ready(i), A::Roll(i)]);
            all.extend([A::Defer(i), A::Infeasible(i), A::Unready(i), A::Replace(i)]);
        }
        all
    }
}
