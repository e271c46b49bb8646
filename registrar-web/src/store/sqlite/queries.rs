use jiff::Timestamp;
use rusqlite::types::{ToSql, Value};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use uuid::Uuid;

use super::error::store_error;
use crate::domain::Lease;
use crate::ports::{LeaseRequest, StoreError};
use crate::store::documents::{Order, Select};
use crate::store::record::{Key, Leased, Record, corrupt, field};

/// A time as the columns have it. What lies beyond the year 2262 is as good as never.
pub(super) fn nanos(time: Timestamp) -> i64 {
    let nanos = time.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn column(key: Option<Key>) -> Value {
    match key {
        None => Value::Null,
        Some(Key::Text(text)) => Value::Text(text),
        Some(Key::Time(time)) => Value::Integer(nanos(time)),
    }
}

fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn document<R: Record>(record: &R) -> Result<String, StoreError> {
    serde_json::to_string(record).map_err(|e| StoreError::Corrupt {
        collection: R::COLLECTION,
        reason: e.to_string(),
    })
}

fn parse<R: Record>(id: &str, document: &str) -> Result<R, StoreError> {
    let json = &mut serde_json::Deserializer::from_str(document);
    serde_path_to_error::deserialize(json).map_err(|e| corrupt::<R, _>(id, &e))
}

/// Id and document of a row.
fn pair(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) fn insert<R: Record>(c: &Connection, new: &R) -> Result<(), StoreError> {
    let table = R::COLLECTION;
    let columns = R::FIELDS.join(", ");
    let marks = ", ?".repeat(R::FIELDS.len());
    let sql =
        format!("INSERT INTO {table} (id, version, document, {columns}) VALUES (?, ?, ?{marks})");
    let mut values = vec![
        Value::Text(new.id().to_string()),
        Value::Integer(version(new.version())),
        Value::Text(document(new)?),
    ];
    values.extend(new.keys().into_iter().map(column));
    execute(c, &sql, params_from_iter(values)).map(|_| ())
}

pub(super) fn find<R: Record>(
    c: &Connection,
    column: &'static str,
    value: &str,
) -> Result<Option<R>, StoreError> {
    let table = R::COLLECTION;
    let sql =
        format!("SELECT id, document FROM {table} WHERE {column} = ? ORDER BY id DESC LIMIT 1");
    let found = c
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([value], pair).optional())
        .map_err(store_error)?;
    found.map(|(id, text)| parse(&id, &text)).transpose()
}

pub(super) fn replace<R: Record>(c: &Connection, mut changed: R) -> Result<R, StoreError> {
    let read = changed.version();
    changed.set_version(read.saturating_add(1));
    let table = R::COLLECTION;
    let columns: String = R::FIELDS.iter().map(|f| format!(", {f} = ?")).collect();
    let sql = format!(
        "UPDATE {table} SET version = ?, document = ?{columns} WHERE id = ? AND version = ?"
    );
    let mut values = vec![
        Value::Integer(version(changed.version())),
        Value::Text(document(&changed)?),
    ];
    values.extend(changed.keys().into_iter().map(column));
    values.push(Value::Text(changed.id().to_string()));
    values.push(Value::Integer(version(read)));
    match execute(c, &sql, params_from_iter(values))? {
        0 => Err(StoreError::Conflict),
        _ => Ok(changed),
    }
}

pub(super) fn delete<R: Record>(
    c: &Connection,
    id: Uuid,
    at: Option<u64>,
) -> Result<bool, StoreError> {
    let table = R::COLLECTION;
    let sql = format!("DELETE FROM {table} WHERE id = ?1 AND (?2 IS NULL OR version = ?2)");
    let deleted = execute(c, &sql, params![id.to_string(), at.map(version)])?;
    Ok(deleted > 0)
}

/// The inner result is that of a write to be kept: a record that can't be read is put aside.
pub(super) fn lease<R: Leased>(
    c: &Connection,
    wish: &LeaseRequest,
) -> Result<Result<Option<R>, StoreError>, StoreError> {
    let (table, due, leased) = (R::COLLECTION, field::DUE_AT, field::LEASED_UNTIL);
    let sql = format!(
        "SELECT id, document FROM {table}
         WHERE {due} <= ?1 AND ({leased} IS NULL OR {leased} <= ?1)
         ORDER BY {due} LIMIT 1"
    );
    let found = c
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([nanos(wish.now)], pair).optional())
        .map_err(store_error)?;
    let Some((id, text)) = found else {
        return Ok(Ok(None));
    };
    let mut record: R = match parse(&id, &text) {
        Ok(record) => record,
        Err(unreadable) => {
            let sql = format!("UPDATE {table} SET {leased} = ? WHERE id = ?");
            execute(c, &sql, params![nanos(wish.until), id])?;
            return Ok(Err(unreadable));
        }
    };
    record.work_mut().lease = Some(Lease {
        owner: wish.owner.clone(),
        until: wish.until,
    });
    replace(c, record).map(|leased| Ok(Some(leased)))
}

pub(super) fn list<R: Record>(
    c: &Connection,
    select: Select,
    order: Order,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<R>, StoreError> {
    let table = R::COLLECTION;
    // Where a list begins: before all ids, or after them.
    let (edge, beyond, direction) = match order {
        Order::OldestFirst => ("", '>', "ASC"),
        Order::NewestFirst => ("g", '<', "DESC"),
    };
    let after = after.map_or(edge.to_owned(), |id| id.to_string());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<&dyn ToSql> = vec![&after, &limit];
    let condition = match &select {
        // The leading + keeps the planner on the order of ids; nearly all have the field.
        Select::Has(field) => format!("+{field} IS NOT NULL"),
        Select::Is(field, value) => {
            values.push(value);
            format!("{field} = ?3")
        }
    };
    let sql = format!(
        "SELECT id, document FROM {table} WHERE id {beyond} ?1 AND {condition}
         ORDER BY id {direction} LIMIT ?2"
    );
    let rows = c
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_map(&*values, pair)?.collect::<Result<Vec<_>, _>>())
        .map_err(store_error)?;
    rows.iter().map(|(id, text)| parse(id, text)).collect()
}

pub(super) fn count<R: Record>(c: &Connection, select: &Select) -> Result<u64, StoreError> {
    count_where::<R>(c, select, None)
}

pub(super) fn count_to<R: Record>(
    c: &Connection,
    select: &Select,
    id: Uuid,
) -> Result<u64, StoreError> {
    count_where::<R>(c, select, Some(id.to_string()))
}

fn count_where<R: Record>(
    c: &Connection,
    select: &Select,
    to: Option<String>,
) -> Result<u64, StoreError> {
    let table = R::COLLECTION;
    let (mut condition, mut values) = match select {
        Select::Has(field) => (format!("{field} IS NOT NULL"), Vec::new()),
        Select::Is(field, value) => (format!("{field} = ?"), vec![value]),
    };
    if let Some(id) = &to {
        condition.push_str(" AND id <= ?");
        values.push(id);
    }
    let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
    let count: i64 = c
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row(params_from_iter(values), |row| row.get(0)))
        .map_err(store_error)?;
    Ok(count.unsigned_abs())
}

pub(super) fn count_before<R: Record>(
    c: &Connection,
    field: &'static str,
    time: Timestamp,
) -> Result<u64, StoreError> {
    let table = R::COLLECTION;
    let sql = format!("SELECT count(*) FROM {table} WHERE {field} < ?");
    let count: i64 = c
        .prepare_cached(&sql)
        .and_then(|mut s| s.query_row([nanos(time)], |row| row.get(0)))
        .map_err(store_error)?;
    Ok(count.unsigned_abs())
}

pub(super) fn delete_before<R: Record>(
    c: &Connection,
    field: &'static str,
    time: Timestamp,
) -> Result<u64, StoreError> {
    let table = R::COLLECTION;
    let sql = format!("DELETE FROM {table} WHERE {field} < ?");
    execute(c, &sql, [nanos(time)]).map(|n| n as u64)
}

pub(super) fn execute(
    c: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<usize, StoreError> {
    c.prepare_cached(sql)
        .and_then(|mut s| s.execute(values))
        .map_err(store_error)
}
