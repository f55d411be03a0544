mod adf;
mod limits;
mod plain;
mod random;
mod wiki;
