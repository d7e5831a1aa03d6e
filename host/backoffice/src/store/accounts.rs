//! Who may sign in, and who is signed in.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::database::{OfficeStore, to_signed};
use super::error::OfficeStoreError;
use crate::{clock, limits, secrets};

/// Which side an account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Gives the work and reads the diary.
    Client,
    /// Does the work.
    Worker,
}

impl Role {
    /// Returns the word for people and for the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Worker => "worker",
        }
    }
}

/// An account as it is kept. Serialised it says nothing of the password.
#[derive(Clone, Debug, Serialize)]
pub struct UserAccount {
    /// Its id, 32 hex digits.
    pub id: String,
    /// The side that the person is on.
    pub role: Role,
    /// The name that the other side reads.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The time zone in which this account reads times, such as `Europe/Helsinki`.
    pub zone: String,
    /// argon2id as a PHC string.
    #[serde(skip)]
    pub password: String,
}

/// What makes an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The side that the person is on.
    pub role: Role,
    /// The name that the other side reads.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// The time zone in which this account reads times.
    pub zone: String,
    /// argon2id as a PHC string.
    pub password: String,
}

impl OfficeStore {
    /// Adds an account. Returns `None` if the email is taken.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn add_account(&self, new: NewAccount) -> Result<Option<UserAccount>, OfficeStoreError> {
        let id = secrets::new_id()?;
        let mut tx = self.begin_write().await?;
        let added = sqlx::query(
            "INSERT INTO accounts (id, role, name, email, zone, password, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (email) DO NOTHING",
        )
        .bind(&id)
        .bind(new.role.word())
        .bind(&new.name)
        .bind(&new.email)
        .bind(&new.zone)
        .bind(&new.password)
        .bind(to_signed(clock::now(), "the time")?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let NewAccount { role, name, email, zone, password } = new;
        Ok((added.rows_affected() == 1).then_some(UserAccount { id, role, name, email, zone, password }))
    }

    /// Returns the account with this email, in any case of letters.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<UserAccount>, OfficeStoreError> {
        Ok(sqlx::query_as("SELECT id, role, name, email, zone, password FROM accounts WHERE email = ?")
            .bind(email)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Returns the account with this id.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn account(&self, id: &str) -> Result<Option<UserAccount>, OfficeStoreError> {
        Ok(sqlx::query_as("SELECT id, role, name, email, zone, password FROM accounts WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Starts a session and returns its token, which is kept only as a hash. Drops sessions that are over. Returns `None`
    /// if the account has another password by now: whoever knew the one before gets no session.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database, or if the system gives no randomness.
    pub async fn start_session(&self, account: &UserAccount) -> Result<Option<String>, OfficeStoreError> {
        let token = secrets::new_token()?;
        let now = clock::now();
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(to_signed(now, "the time")?)
            .execute(&mut *tx)
            .await?;
        let started = sqlx::query(
            "INSERT INTO sessions (token_hash, account, expires_at)
             SELECT ?, id, ? FROM accounts WHERE id = ? AND password = ?",
        )
        .bind(secrets::hash_token(&token))
        .bind(to_signed(now.saturating_add(limits::SESSION_MS), "the time")?)
        .bind(&account.id)
        .bind(&account.password)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((started.rows_affected() == 1).then_some(token))
    }

    /// Ends the session with this token.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn end_session(&self, token: &str) -> Result<(), OfficeStoreError> {
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(secrets::hash_token(token))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Returns the account whose session this token is, unless it is over.
    ///
    /// # Errors
    /// [`OfficeStoreError`] of the database.
    pub async fn session_account(&self, token: &str) -> Result<Option<UserAccount>, OfficeStoreError> {
        Ok(sqlx::query_as(
            "SELECT a.id, a.role, a.name, a.email, a.zone, a.password FROM sessions s
             JOIN accounts a ON a.id = s.account WHERE s.token_hash = ? AND s.expires_at > ?",
        )
        .bind(secrets::hash_token(token))
        .bind(to_signed(clock::now(), "the time")?)
        .fetch_optional(&self.pool)
        .await?)
    }
}

impl FromRow<'_, SqliteRow> for UserAccount {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let role = match row.try_get::<&str, _>("role")? {
            "client" => Role::Client,
            "worker" => Role::Worker,
            other => return Err(sqlx::Error::Decode(format!("no role is called {other}").into())),
        };
        Ok(Self {
            id: row.try_get("id")?,
            role,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            zone: row.try_get("zone")?,
            password: row.try_get("password")?,
        })
    }
}
