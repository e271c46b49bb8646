//! What the store port promises, checked against each adapter.
//!
//! MongoDB: `REGISTRAR_TEST_MONGODB_URI` names a server that runs already; otherwise one that
//! speaks its protocol is started (see `server.rs`), and where there is none, one line says so.

mod crash;
mod disk_full;
mod fixture;
mod identity;
mod mongodb_down;
mod promises;
mod records;
mod server;
mod settings;
mod ttl;

use promises::{
    audit, corrupt, events, instances, invites, leases, limits, lists, mails, organisations,
    registrations, second_factors, sessions, users,
};

/// Declares each promise as a test of its own for each adapter.
macro_rules! for_each_store {
    ($($group:ident: $($promise:ident),+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    crate::fixture::on_sqlite(crate::$group::$promise).await;
                }
            )+)+
        }
        mod mongodb {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    crate::fixture::on_mongodb(crate::$group::$promise).await;
                }
            )+)+
        }
    };
}

for_each_store! {
    registrations:
        a_full_record_is_read_back_as_it_was_written,
        a_name_is_unique_while_held,
        a_name_is_free_again_when_its_holder_has_failed_or_is_gone,
        of_32_that_want_a_name_one_gets_it,
        an_id_that_is_there_is_named_before_any_other_duplicate,
        compare_and_swap_loses_no_increment_of_16_tasks,
        a_stale_version_is_a_conflict_and_changes_nothing,
        deleting_takes_the_version_that_was_read,
        by_name_the_holder_is_found_before_earlier_and_later_failed_ones,
        by_token_the_one_with_that_link_is_found;
    users:
        names_are_unique,
        a_proven_address_is_unique_and_an_unproven_one_is_not,
        made_twice_is_told_from_taken_by_another,
        a_member_is_found_by_the_address_that_was_proven_and_by_no_other,
        a_member_is_found_by_the_token_of_a_recovery_until_it_is_over,
        keys_are_read_as_written_and_members_without_work_are_never_leased,
        updates_compare_versions_and_deleting_twice_is_no_error,
        members_are_listed_by_what_admins_look_for;
    organisations:
        an_organisation_is_read_back_as_it_was_written,
        slugs_are_unique_and_made_twice_is_told_from_taken,
        of_32_that_want_a_slug_one_gets_it,
        organisations_are_paged_in_the_order_of_their_making,
        of_16_workers_over_50_due_organisations_each_goes_to_one,
        members_are_found_by_their_organisation_while_they_are_in_it;
    invites:
        invites_are_listed_by_who_made_them,
        of_16_that_want_an_invite_for_five_five_get_it;
    mails:
        the_same_mail_is_queued_once,
        ended_mails_are_forgotten_after_their_time_and_others_stay,
        mails_that_wait_too_long_are_counted,
        invites_are_found_by_token_and_compare_versions;
    leases:
        of_16_workers_over_200_due_records_each_record_goes_to_one,
        the_longest_overdue_comes_first,
        a_lease_holds_until_its_end_and_can_then_be_taken_over,
        what_is_not_due_is_never_handed_out,
        mails_are_leased_like_registrations,
        of_16_workers_over_100_due_members_each_member_goes_to_one;
    sessions:
        a_session_is_read_back_as_it_was_written,
        of_50_that_spend_the_same_token_one_writes_and_the_others_see_what_it_wrote,
        of_50_refreshes_at_once_on_two_instances_one_family_is_alive,
        logins_are_limited_over_two_instances,
        a_member_s_list_has_the_sessions_that_were_not_ended_and_no_others,
        lapsed_sessions_are_forgotten_ended_or_not_and_others_stay;
    second_factors:
        of_20_answers_with_one_code_on_two_instances_one_is_let_in,
        wrong_codes_are_limited_over_two_instances;
    audit:
        of_40_entries_at_once_on_two_instances_one_chain_comes,
        the_audit_log_is_found_by_who_by_what_and_by_whom;
    events:
        an_event_is_read_back_as_it_was_written,
        events_are_listed_by_whose_they_are_and_notifications_newest_first,
        events_are_forgotten_after_their_time_and_others_stay,
        what_one_instance_writes_is_heard_at_the_other_once_and_by_its_member,
        an_event_that_is_stored_after_a_later_one_is_not_missed;
    limits:
        no_count_of_32_at_once_is_lost,
        a_window_ends_and_the_next_begins_at_one,
        a_window_made_while_the_clock_was_wrong_does_not_outlast_its_length,
        a_window_is_read_without_being_counted_and_not_after_its_end,
        ended_windows_are_forgotten_and_running_ones_stay;
    lists:
        pages_hold_every_record_once_in_the_order_of_their_making,
        limits_of_pages_are_clamped,
        drafts_are_in_no_list_and_filters_show_only_their_own,
        the_place_in_the_review_queue_counts_those_who_wait_and_came_before;
    corrupt:
        a_document_that_cannot_be_read_is_an_error_that_quotes_nothing,
        a_document_that_cannot_be_read_does_not_hold_up_the_work_of_others;
    instances:
        two_stores_on_one_database_see_each_others_writes,
        a_closed_store_says_so_and_what_was_written_is_there_when_it_is_opened_again;
}
