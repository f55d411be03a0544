//! Manifests in files: what stands in them, and what the API server says of it.

mod crd_schema;
mod field_error;
mod files;
mod object_schema;
mod read;
mod secret_manifest;
mod widening;

#[cfg(test)]
pub use self::crd_schema::CRD_SCHEMAS;
pub use self::{crd_schema::SchemaError, files::with_folders, read::Manifests};
