//! `doctor`: reads what an installation consists of. Nothing is written but reviews of permissions, which are not stored.

mod around;
mod rights;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;

use crate::{
    cli::DoctorArgs,
    cluster::Session,
    doctor::{self, Controller, DEPLOYMENT, Facts, Needed},
    health::Read,
    problem::Problem,
};

/// The account that is asked about where the Deployment may not be read.
const ACCOUNT: &str = "trimtab";

/// `doctor`.
pub async fn doctor(session: &Session, args: &DoctorArgs) -> Result<(), Problem> {
    let lines = match session.client.apiserver_version().await {
        Ok(info) => {
            let server = format!("Kubernetes {} at {}", info.git_version, session.server());
            doctor::lines(&facts(session, server).await, session.now())
        }
        Err(error) => vec![doctor::unreachable(&session.unread(error, "the version of the API server"))],
    };
    match args.output.is_machine() {
        true => session.screen.machine(args.output, &lines)?,
        false => {
            session.screen.say(&doctor::text(&lines, session.screen.paint))?;
            session.screen.note(&doctor::summary(&lines));
        }
    }
    match doctor::exit_code(&lines) {
        0 => Ok(()),
        code => Err(Problem::Ended(code)),
    }
}

async fn facts(session: &Session, server: String) -> Facts {
    let controller = controller(session).await;
    let account = account(&controller);
    let parts = futures::join!(
        session.crds(),
        session.guard(),
        session.has_mutating_policies(),
        session.requester_admission(),
        session.sizes_admission(),
        rights::missing(session, &controller, account),
        rights::kinds(session, &controller, account),
        session.policies(),
        session.operator(),
    );
    let (crds, guard, has_mutating, requester, sizes, missing, kinds, policies, operator) = parts;
    let (approvers, recommendations, metrics, installed) = futures::join!(
        around::approvers(session),
        around::recommendations(session),
        around::metrics(session, rights::reviews(session, &controller, account)),
        around::installed(session),
    );
    Facts {
        server,
        own: session.own().to_owned(),
        crds,
        guard,
        has_mutating,
        requester,
        sizes,
        missing,
        kinds,
        approvers,
        policies,
        recommendations,
        metrics,
        installed,
        operator,
        controller,
    }
}

/// What Trimtab's account lacks of all that features take.
pub(super) async fn missing(session: &Session) -> Read<Vec<Needed>> {
    let controller = controller(session).await;
    rights::missing(session, &controller, account(&controller)).await
}

fn account(controller: &Read<Option<Controller>>) -> &str {
    controller.as_ref().ok().and_then(Option::as_ref).map_or(ACCOUNT, |found| found.account.as_str())
}

/// The controller, by its Deployment.
async fn controller(session: &Session) -> Read<Option<Controller>> {
    let found = Api::<Deployment>::namespaced(session.client.clone(), session.own()).get_opt(DEPLOYMENT).await;
    let found = found.map_err(|e| session.unread(e, &format!("Deployment {}/{DEPLOYMENT}", session.own())))?;
    Ok(found.as_ref().map(Controller::from))
}
