//! The reasons that only this command gives: about manifests, about the operator's installation,
//! and about what it could not check. `docs/reasons/check.md` has a heading for each.

use super::severity::Severity;

macro_rules! check_reasons {
    ($($name:ident $severity:ident: $meaning:literal;)+) => {
        /// A reason of this command. All others are those of conditions and of people.
        #[allow(clippy::doc_markdown)] // What is said of each is printed, where Markdown has no place.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CheckReason {
            $(#[doc = $meaning] $name,)+
        }

        impl CheckReason {
            /// Every one, in the order of the documentation.
            #[cfg(test)]
            pub const ALL: &'static [CheckReason] = &[$(CheckReason::$name,)+];

            /// The reason as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(CheckReason::$name => stringify!($name),)+ }
            }

            /// What it means, as the documentation says.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(CheckReason::$name => $meaning,)+ }
            }

            /// How grave it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(CheckReason::$name => Severity::$severity,)+ }
            }
        }
    };
}

check_reasons! {
    // Files
    FileNotRead Unknown:
        "The file could not be opened, or the folder has no manifests.";
    FileUnreadable Finding:
        "The file is not YAML, or a document in it is not an object of Kubernetes.";
    UnknownKind Finding:
        "The kind or the apiVersion is none that the operator knows.";
    UnknownField Finding:
        "A field is not one of the kind. The API server drops it or refuses the object.";
    MissingField Finding:
        "A field that the kind requires is missing.";
    InvalidField Finding:
        "A value is not one that the field accepts. The API server refuses the object.";
    DuplicateEntry Finding:
        "Two entries of a list have the same key.";
    PlaceholderValue Finding:
        "A value still is the placeholder of an example.";
    EmptyMeansAll Warning:
        "A field is there without a value, and its absence means all.";
    FieldWithoutEffect Warning:
        "A field of an earlier version is there. It is accepted and has no effect.";
    FieldsAccepted Fine:
        "Every field and every rule of the CRD is kept.";
    CredentialsPresent Fine:
        "The Secret has client-id and client-secret.";
    SecretNotInFiles Warning:
        "The Secret that spec.secretRef names is not among the files, so its keys were not checked.";
    SecretElsewhere Warning:
        "A Secret with the name that spec.secretRef gives is among the files, but for another namespace.";
    NoRefreshToken Warning:
        "The Secret has no refresh-token, so nothing is connected until somebody does it.";
    SiteExists Fine:
        "A Jira Cloud site answers under spec.site.";
    NotLookedAt Unknown:
        "It was skipped; the message says what it would take.";
    TokenRejected Unknown:
        "Atlassian refuses the access token that the operator stored, and the status does not say so yet.";
    // The operator
    DefinitionServed Fine:
        "The definition is served, with the fields that this version of the program knows.";
    DefinitionMissing Finding:
        "The CustomResourceDefinition is not installed.";
    DefinitionDiffers Finding:
        "The CustomResourceDefinition is of another version than this program.";
    OperatorRuns Fine:
        "The operator's Deployment has a pod that is ready.";
    OperatorNotFound Finding:
        "There is no Deployment with the label app.kubernetes.io/name=jira-operator.";
    OperatorNotReady Finding:
        "The operator's Deployment has no pod that is ready.";
    OperatorVersionDiffers Warning:
        "The operator runs in another version than this program.";
    RuleHeld Fine:
        "The operator's ServiceAccount may do what the operator does there.";
    RuleNotGranted Fine:
        "The operator's ServiceAccount lacks a right that only some integrations need; a value of the chart leaves it out.";
    RuleMissing Finding:
        "The operator's ServiceAccount lacks a right that the operator needs.";
    EndpointReachable Fine:
        "The address answers from here.";
    EndpointUnreachable Warning:
        "The address does not answer from here.";
    MayNotAsk Unknown:
        "You may not ask the API server about it.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_its_own_has_a_heading_in_the_documentation() {
        let docs = include_str!("../../../docs/reasons/check.md");
        let docs = docs.split_whitespace().collect::<Vec<_>>().join(" ");
        for reason in CheckReason::ALL {
            let told = format!("## {} {}", reason.as_str(), reason.meaning());
            assert!(docs.contains(&told), "docs/reasons/check.md lacks: {told}");
        }
    }
}
