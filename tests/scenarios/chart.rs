//! The chart on a control plane: rendered by Helm once for each set of values, applied for each scenario.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use devkit::helm::Helm;
use kube::{
    Api, Client, Error,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

/// Release name, and so the name of the chart's ServiceAccount.
pub const RELEASE: &str = "jira-operator";
/// Stands for the namespaces of a scenario while Helm renders.
const PLACEHOLDER: &str = "namespace-of-a-scenario";

/// Manifests, by the values that they were rendered with.
type Rendered = HashMap<String, Arc<OnceCell<String>>>;

/// The chart, with what was rendered of it.
pub struct Chart {
    helm: Helm,
    rendered: Mutex<Rendered>,
}

impl Chart {
    /// Finds Helm.
    pub async fn find() -> Result<Self, devkit::helm::Error> {
        let helm = Helm::find_or_build().await?;
        Ok(Self {
            helm,
            rendered: Mutex::default(),
        })
    }

    /// Installs it into the first of these namespaces, to watch all of them or, cluster-wide, every one there is.
    /// Its CRDs are there already.
    pub async fn install(&self, client: &Client, namespaces: &[&str], cluster_wide: bool) {
        let stand_ins: Vec<String> = (0..namespaces.len()).map(|n| format!("{PLACEHOLDER}-{n}")).collect();
        // Every rule that there can be, so that each is compared with what is used.
        let mut values = json!({"crds": {"enabled": false}});
        if !cluster_wide {
            values["watchNamespaces"] = json!(stand_ins);
        }
        let mut manifests = self.render(&values).await;
        for (stand_in, namespace) in stand_ins.iter().zip(namespaces) {
            manifests = manifests.replace(stand_in, namespace);
        }
        let objects: Vec<Value> = serde_saphyr::from_multiple(&manifests).expect("the chart renders YAML");
        for object in objects.into_iter().filter(Value::is_object) {
            apply(client, namespaces[0], object).await;
        }
    }

    async fn render(&self, values: &Value) -> String {
        let cell = Arc::clone(self.rendered.lock().await.entry(values.to_string()).or_default());
        let namespace = format!("{PLACEHOLDER}-0");
        let rendered = cell.get_or_init(|| async {
            let rendered = self.helm.template(&chart(), RELEASE, &namespace, values).await;
            rendered.expect("the chart renders")
        });
        rendered.await.clone()
    }
}

/// Server-side apply, as `kubectl apply --server-side` does it. Objects without a namespace are those of several
/// scenarios at once: who comes second finds a conflict, and applies again.
async fn apply(client: &Client, namespace: &str, object: Value) {
    let object: DynamicObject = serde_json::from_value(object).expect("an object");
    let types = object.types.clone().expect("its kind");
    let kind = GroupVersionKind::try_from(&types).expect("a group and a version");
    let resource = ApiResource::from_gvk(&kind);
    let named = object.metadata.namespace.as_deref().unwrap_or(namespace);
    let api: Api<DynamicObject> = if types.kind.starts_with("Cluster") {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), named, &resource)
    };
    let name = object.metadata.name.clone().expect("its name");
    let params = PatchParams::apply("helm").force();
    loop {
        match api.patch(&name, &params, &Patch::Apply(&object)).await {
            Err(Error::Api(status)) if status.code == 409 => {}
            applied => {
                applied.unwrap_or_else(|error| panic!("{} {name} is not applied: {error}", types.kind));
                return;
            }
        }
    }
}

fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/jira-operator")
}
