//! Names that users, other tools and the operator itself rely on: labels, annotations and
//! how objects that belong to a `JiraIntegration` are called.

use sha2::{Digest, Sha256};

/// Field manager of every write, and the value of `app.kubernetes.io/managed-by`.
pub const MANAGER: &str = "jira-operator";
/// Field manager of `status.tickets` of a `JiraIntegration`, which is written apart from the rest of the status.
pub const TICKETS_MANAGER: &str = "jira-operator-tickets";
/// Label that marks objects as written by this operator.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Label naming the `JiraIntegration` an object belongs to.
pub const INTEGRATION_LABEL: &str = "jira-operator.dev/integration";
/// Label saying what an object is for; grant Secrets carry [`COMPONENT_GRANT`].
pub const COMPONENT_LABEL: &str = "jira-operator.dev/component";
/// Value of [`COMPONENT_LABEL`] on grant Secrets.
pub const COMPONENT_GRANT: &str = "grant";
/// Value of [`COMPONENT_LABEL`] on the Secrets that workloads mount.
pub const COMPONENT_TOKEN: &str = "token";
/// Value of [`COMPONENT_LABEL`] on the Secret with the key of connect links.
pub const COMPONENT_CONNECT: &str = "connect";
/// Name of the Secret, in each namespace where a person has to connect, with the key under which connect
/// links are made.
pub const CONNECT_KEY_SECRET: &str = "jira-operator-connect";
/// Annotation by which a person asks for a full resync now; any new value counts.
pub const REQUESTED_AT: &str = "jira-operator.dev/requestedAt";
/// Annotation that has a ticket planned and not sent.
pub const PLAN: &str = "jira-operator.dev/plan";
/// Annotation with the key of the issue that is the ticket of an object, where that cannot be told.
pub const ADOPT: &str = "jira-operator.dev/adopt";
/// Annotation by which a ticket is created although another one may be it.
pub const CREATE_ANYWAY: &str = "jira-operator.dev/create-anyway";
/// Label saying where a `JiraIssue` comes from; mirrored ones carry [`ORIGIN_MIRROR`].
pub const ORIGIN_LABEL: &str = "jira-operator.dev/origin";
/// Value of [`ORIGIN_LABEL`] on issues that were mirrored from Jira.
pub const ORIGIN_MIRROR: &str = "mirror";
/// Value of [`COMPONENT_LABEL`] on ConfigMaps of the user directory.
pub const COMPONENT_USERS: &str = "users";
/// Longest name of a `JiraIntegration`: it is the value of a label.
pub const INTEGRATION_NAME_MAX: usize = 63;

/// Name of the grant Secret that belongs to a credential Secret.
#[must_use]
pub fn grant_secret(credential_secret: &str) -> String {
    format!("{credential_secret}-grant")
}

/// Name of the credential Secret that a grant Secret of this name belongs to.
#[must_use]
pub fn credentials_of_grant(grant_secret: &str) -> Option<&str> {
    grant_secret.strip_suffix("-grant")
}

/// Name of the Secret with the access token when `spec.tokenSecretName` is not set.
#[must_use]
pub fn default_token_secret(integration: &str) -> String {
    format!("{integration}-jira-token")
}

/// Name of the `JiraProject` for a project key: lower case, `_` becomes `-`, because object
/// names are DNS subdomains and project keys are not.
#[must_use]
pub fn object(integration: &str, project_key: &str) -> String {
    let key = project_key.to_lowercase().replace('_', "-");
    // A name must not end in a dash.
    format!("{integration}-{}", key.trim_end_matches('-'))
}

/// The name to fall back to where [`object`] is taken by another integration or a
/// person: six hex digits that depend on the integration's uid and the project's identity.
#[must_use]
pub fn object_disambiguated(integration: &str, project_key: &str, integration_uid: &str, identity: &str) -> String {
    distinct(
        &object(integration, project_key),
        &format!("{integration_uid}/{identity}"),
    )
}

/// Name of a ConfigMap of the user directory.
#[must_use]
pub fn users(integration: &str, number: usize) -> String {
    format!("{integration}-users-{number}")
}

/// The name to fall back to where [`users`] is another object's.
#[must_use]
pub fn users_disambiguated(integration: &str, number: usize, integration_uid: &str) -> String {
    distinct(&users(integration, number), &format!("{integration_uid}/users"))
}

/// The name with six hex digits of a hash.
fn distinct(name: &str, of: &str) -> String {
    format!("{name}-{:.6x}", Sha256::digest(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_names_are_dns_names() {
        assert_eq!(object("acme", "SUP"), "acme-sup");
        assert_eq!(object("acme", "A_B2"), "acme-a-b2");
        assert_eq!(object("acme", "AB_"), "acme-ab");
    }

    #[test]
    fn disambiguated_names_differ_by_integration_and_project() {
        let one = object_disambiguated("acme", "X_Y", "uid-1", "10001");
        let two = object_disambiguated("acme", "X_Y", "uid-2", "10001");
        let three = object_disambiguated("acme", "X_Y", "uid-1", "10002");
        assert!(one.starts_with("acme-x-y-") && one.len() == "acme-x-y-".len() + 6);
        assert!(one != two && one != three);
        // Objects that there are have this name: SHA-256 of uid-1/10001.
        assert_eq!(one, "acme-x-y-07151f");
    }
}
