//! The routes of roles, members, grants and invitations: extract, call, convert.

use std::time::Duration;

use axum::extract::State;
use base::codes;
use domain::access::{GrantId, InvitationId, Permission, RoleId};
use domain::organisations::OrganisationId;
use domain::people::PersonId;
use edge::{Answer, Caller, Criticality, Json, Page, Path, Policy, Query, Rate, Route, Routes};
use http::{Method, StatusCode};
use serde::Deserialize;
use slice::{Ask, Part, VERSION_MAX, wrong};
use utoipa::IntoParams;

use super::app::{App, Doer, Sight};
use super::memberships::person_of;
use super::view::{
    Acceptance, ChangedRole, GrantView, InvitationView, MemberView, MembershipView, NewGrant,
    NewInvitation, NewRole, RoleView, untyped,
};

const READ_WITHIN: Duration = Duration::from_secs(2);
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const TAG: &str = "access";

const SEE_MEMBERS: Policy = Policy::May(Permission::MembersRead.name());
const CHANGE_MEMBERS: Policy = Policy::May(Permission::MembersChange.name());
const CHANGE_ROLES: Policy = Policy::May(Permission::RolesChange.name());

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfOrganisation {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    #[allow(
        dead_code,
        reason = "the gate has found it; it is declared for the document"
    )]
    organisation: OrganisationId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfMember {
    /// Which organisation.
    #[param(value_type = String, pattern = "^org_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    #[allow(
        dead_code,
        reason = "the gate has found it; it is declared for the document"
    )]
    organisation: OrganisationId,
    /// Which member.
    #[param(value_type = String, pattern = "^per_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    person: PersonId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfRole {
    /// Which role of the organisation's own.
    #[param(value_type = String, pattern = "^rol_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    role: RoleId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfGrant {
    /// Which grant.
    #[param(value_type = String, pattern = "^grt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    grant: GrantId,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct OfInvitation {
    /// Which invitation.
    #[param(value_type = String, pattern = "^inv_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    invitation: InvitationId,
}

/// The routes of roles, members, grants and invitations.
pub fn routes(app: &App) -> Routes {
    of_roles()
        .with(of_members())
        .with(of_grants())
        .with(of_invitations())
        .with(of_people())
        .with_state(app.clone())
}

fn of_roles() -> Routes<App> {
    let all = "/api/organisations/{organisation}/roles";
    let one = "/api/roles/{role}";
    Routes::new()
        .add(
            reading(all, "roles.list", SEE_MEMBERS)
                .about("List the roles of an organisation, those that every one has first")
                .path::<OfOrganisation>()
                .answers::<Page<RoleView>>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(list_roles),
        )
        .add(
            changing(Method::POST, all, ("roles.define", CHANGE_ROLES))
                .about("Define a role of an organisation's own")
                .path::<OfOrganisation>()
                .takes::<NewRole>()
                .answers::<RoleView>(StatusCode::CREATED)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::NAME_TAKEN,
                    codes::RIGHTS_EXCEEDED,
                    codes::TOO_MANY,
                ])
                .handler(define_role),
        )
        .add(
            changing(Method::PUT, one, ("roles.change", CHANGE_ROLES))
                .about("Change a role for all who have it")
                .path::<OfRole>()
                .takes::<ChangedRole>()
                .answers::<RoleView>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::NAME_TAKEN,
                    codes::RIGHTS_EXCEEDED,
                    codes::VERSION_CHANGED,
                ])
                .handler(change_role),
        )
        .add(
            changing(Method::DELETE, one, ("roles.remove", CHANGE_ROLES))
                .about("Remove a role that nobody has")
                .path::<OfRole>()
                .takes_nothing()
                .answers_nothing(StatusCode::NO_CONTENT)
                .fails(&[codes::NOT_FOUND, codes::RIGHTS_EXCEEDED, codes::ROLE_IN_USE])
                .handler(remove_role),
        )
}

fn of_members() -> Routes<App> {
    Routes::new()
        .add(
            reading(
                "/api/organisations/{organisation}/members",
                "members.list",
                SEE_MEMBERS,
            )
            .about("List who belongs to an organisation, with names and roles")
            .reads_personal()
            .path::<OfOrganisation>()
            .query::<Part>()
            .answers::<Page<MemberView>>(StatusCode::OK)
            .fails(&[
                codes::NOT_FOUND,
                codes::CURSOR_REFUSED,
                codes::LIMIT_OUT_OF_RANGE,
            ])
            .handler(list_members),
        )
        .add(
            changing(
                Method::DELETE,
                "/api/organisations/{organisation}/members/{person}",
                ("members.remove", CHANGE_MEMBERS),
            )
            .about("Remove somebody from an organisation, with all roles")
            .path::<OfMember>()
            .takes_nothing()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[
                codes::NOT_FOUND,
                codes::RIGHTS_EXCEEDED,
                codes::LAST_OWNER,
                codes::CONFLICT,
            ])
            .handler(remove_member),
        )
}

fn of_grants() -> Routes<App> {
    let all = "/api/organisations/{organisation}/members/{person}/grants";
    Routes::new()
        .add(
            reading(all, "grants.list", SEE_MEMBERS)
                .about("List the roles that a member has, and where")
                .path::<OfMember>()
                .answers::<Page<GrantView>>(StatusCode::OK)
                .fails(&[codes::NOT_FOUND])
                .handler(list_grants),
        )
        .add(
            changing(Method::POST, all, ("grants.give", CHANGE_MEMBERS))
                .about("Give a member a role in the organisation, a brand or a restaurant")
                .path::<OfMember>()
                .takes::<NewGrant>()
                .answers::<GrantView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::RIGHTS_EXCEEDED, codes::CONFLICT])
                .handler(give),
        )
        .add(
            changing(
                Method::DELETE,
                "/api/grants/{grant}",
                ("grants.revoke", CHANGE_MEMBERS),
            )
            .about("Take a role from a member")
            .path::<OfGrant>()
            .takes_nothing()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[
                codes::NOT_FOUND,
                codes::RIGHTS_EXCEEDED,
                codes::LAST_OWNER,
                codes::CONFLICT,
            ])
            .handler(revoke),
        )
}

fn of_invitations() -> Routes<App> {
    let all = "/api/organisations/{organisation}/invitations";
    Routes::new()
        .add(
            reading(all, "invitations.list", SEE_MEMBERS)
                .about("List the invitations that nobody has accepted yet")
                .reads_personal()
                .path::<OfOrganisation>()
                .query::<Part>()
                .answers::<Page<InvitationView>>(StatusCode::OK)
                .fails(&[
                    codes::NOT_FOUND,
                    codes::CURSOR_REFUSED,
                    codes::LIMIT_OUT_OF_RANGE,
                ])
                .handler(list_invitations),
        )
        .add(
            changing(Method::POST, all, ("invitations.create", CHANGE_MEMBERS))
                .about("Invite somebody by e-mail into roles of an organisation")
                .path::<OfOrganisation>()
                .takes::<NewInvitation>()
                .answers::<InvitationView>(StatusCode::CREATED)
                .fails(&[codes::NOT_FOUND, codes::RIGHTS_EXCEEDED, codes::TOO_MANY])
                .handler(invite),
        )
        .add(
            changing(
                Method::DELETE,
                "/api/invitations/{invitation}",
                ("invitations.withdraw", CHANGE_MEMBERS),
            )
            .about("Take an invitation back")
            .path::<OfInvitation>()
            .takes_nothing()
            .answers_nothing(StatusCode::NO_CONTENT)
            .fails(&[codes::NOT_FOUND])
            .handler(withdraw),
        )
}

fn of_people() -> Routes<App> {
    Routes::new()
        .add(
            changing(
                Method::POST,
                "/api/invitations/accept",
                ("invitations.accept", Policy::SignedIn),
            )
            .about("Accept an invitation with the token of its link")
            .rate(Rate::Auth)
            .takes::<Acceptance>()
            .answers::<MembershipView>(StatusCode::OK)
            .fails(&[
                codes::INVITATION_REFUSED,
                codes::SECOND_FACTOR_NEEDED,
                codes::ORGANISATION_SUSPENDED,
                codes::PLAN_LIMIT,
            ])
            .handler(accept),
        )
        .add(
            reading(
                "/api/me/organisations",
                "me.organisations",
                Policy::SignedIn,
            )
            .about("List the organisations that the caller belongs to")
            .query::<Part>()
            .answers::<Page<MembershipView>>(StatusCode::OK)
            .fails(&[codes::CURSOR_REFUSED, codes::LIMIT_OUT_OF_RANGE])
            .handler(mine),
        )
}

fn reading(path: &'static str, name: &'static str, policy: Policy) -> Route<App> {
    Route::new(Method::GET, path, name)
        .tag(TAG)
        .policy(policy)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(READ_WITHIN)
        .takes_nothing()
}

fn changing(
    method: Method,
    path: &'static str,
    (name, policy): (&'static str, Policy),
) -> Route<App> {
    Route::new(method, path, name)
        .tag(TAG)
        .policy(policy)
        .rate(Rate::Api)
        .criticality(Criticality::Normal)
        .deadline(WRITE_WITHIN)
        .once()
}

async fn list_roles(
    State(app): State<App>,
    Path(_): Path<OfOrganisation>,
    granted: edge::Granted,
) -> Answer<Json<Page<RoleView>>> {
    Ok(Json(app.roles(granted.organisation).await?.into()))
}

async fn define_role(
    State(app): State<App>,
    doer: Doer,
    Path(_): Path<OfOrganisation>,
    Json(body): Json<NewRole>,
) -> Answer<(StatusCode, Json<RoleView>)> {
    let role = (body.name.name()?, untyped(&body.permissions));
    let defined = app.define_role(&doer, role).await?;
    Ok((StatusCode::CREATED, Json(defined)))
}

async fn change_role(
    State(app): State<App>,
    doer: Doer,
    Path(of): Path<OfRole>,
    Json(body): Json<ChangedRole>,
) -> Answer<Json<RoleView>> {
    if !(1..=VERSION_MAX).contains(&body.version) {
        return Err(wrong("version", "a version is a whole number from 1").into());
    }
    let role = (body.name.name()?, untyped(&body.permissions), body.version);
    Ok(Json(app.change_role(&doer, of.role, role).await?))
}

async fn remove_role(
    State(app): State<App>,
    doer: Doer,
    Path(of): Path<OfRole>,
) -> Answer<StatusCode> {
    app.remove_role(&doer, of.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_members(
    State(app): State<App>,
    sight: Sight,
    Path(_): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<MemberView>>> {
    Ok(Json(app.members(&sight, &part.turn()?).await?.into()))
}

async fn remove_member(
    State(app): State<App>,
    doer: Doer,
    Path(of): Path<OfMember>,
) -> Answer<StatusCode> {
    app.remove_member(&doer, of.person).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_grants(
    State(app): State<App>,
    sight: Sight,
    Path(of): Path<OfMember>,
) -> Answer<Json<Page<GrantView>>> {
    let items = app.grants(&sight, of.person).await?;
    Ok(Json(base::Page { items, next: None }.into()))
}

async fn give(
    State(app): State<App>,
    doer: Doer,
    Path(of): Path<OfMember>,
    Json(body): Json<NewGrant>,
) -> Answer<(StatusCode, Json<GrantView>)> {
    let given = app.give(&doer, of.person, &body).await?;
    Ok((StatusCode::CREATED, Json(given)))
}

async fn revoke(State(app): State<App>, doer: Doer, Path(of): Path<OfGrant>) -> Answer<StatusCode> {
    app.revoke(&doer, of.grant).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_invitations(
    State(app): State<App>,
    sight: Sight,
    Path(_): Path<OfOrganisation>,
    Query(part): Query<Part>,
) -> Answer<Json<Page<InvitationView>>> {
    Ok(Json(app.invitations(&sight, &part.turn()?).await?.into()))
}

async fn invite(
    State(app): State<App>,
    doer: Doer,
    Path(_): Path<OfOrganisation>,
    Json(body): Json<NewInvitation>,
) -> Answer<(StatusCode, Json<InvitationView>)> {
    let email = body.email.email()?;
    let invited = app.invite(&doer, &email, &body.grants).await?;
    Ok((StatusCode::CREATED, Json(invited)))
}

async fn withdraw(
    State(app): State<App>,
    doer: Doer,
    Path(of): Path<OfInvitation>,
) -> Answer<StatusCode> {
    app.withdraw(&doer, of.invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn accept(
    State(app): State<App>,
    ask: Ask,
    caller: Caller,
    Json(body): Json<Acceptance>,
) -> Answer<Json<MembershipView>> {
    Ok(Json(app.accept((&ask, &caller), &body.token).await?))
}

async fn mine(
    State(app): State<App>,
    caller: Caller,
    Query(part): Query<Part>,
) -> Answer<Json<Page<MembershipView>>> {
    let person = person_of(&caller)?;
    Ok(Json(app.mine(person, &part.turn()?).await?.into()))
}
