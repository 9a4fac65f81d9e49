"""The table of failures; ``python -m tests.system.failures`` writes docs/failures.md from it."""

from pathlib import Path
from typing import NamedTuple

from biandun_protocol import catalogue


class Row(NamedTuple):
    """How a failure shows itself, and what it leaves alone.

    ``exit`` is the status of ``biandun`` (10 for what the office refuses, 1 for the simulator);
    ``http`` the office's status, None where HTTP has no part in it; ``proof`` the test that
    provokes it.
    """

    exit: int
    http: int | None
    kept: str
    proof: str


UNSIGNED = "nothing was signed; the key is as before"
LOGGED = "nothing was signed; the fault is in the key's log"
COUNTED = "the attempt is counted; nothing else has changed"
SENT = "nothing was sent to the key"
UNCHANGED = "no file and no key has changed"
FOLDER_KEPT = "what is signed stays in its folder and can be submitted later"
NO_ROW = "nothing was taken in; no case has moved"
STOPPED = "nothing was signed; by the office: nothing was taken in (exit 10)"

ROWS: dict[str, Row] = {
    "unknown-command": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "unsupported-version": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "malformed": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "unknown-field": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "missing-field": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "bad-field": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_that_breaks_a_rule_is_answered_by_its_number",
    ),
    "too-large": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_over_the_limit_is_too_large",
    ),
    "request-id-reused": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_request_id_used_for_other_bytes_is_refused",
    ),
    "wrong-state": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_a_key_with_a_certificate_is_not_wiped",
    ),
    "not-found": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_login_and_links.py::test_links_that_were_never_made_are_not_found",
    ),
    "no-stream": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_finishing_without_a_stream_signs_nothing",
    ),
    "cancelled": Row(
        7, None, UNSIGNED, "tests/firmware/test_link.py::test_cancelling_a_stream_drops_it"
    ),
    "presence-refused": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_a_wipe_needs_the_serial_number_and_the_button",
    ),
    "presence-timeout": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_nobody_at_the_button_ends_in_a_timeout",
    ),
    "store-full": Row(
        7, None, UNSIGNED, "tests/firmware/test_signing.py::test_a_full_store_still_counts_pins"
    ),
    "store-damaged": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_a_damaged_key_signs_nothing_and_gives_back_what_it_has",
    ),
    "out-of-memory": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_running_out_of_memory_around_the_commit_never_signs_a_number_twice",
    ),
    "internal": Row(
        7,
        None,
        UNSIGNED,
        "tests/backend/test_http.py::test_a_fault_of_ours_answers_a_problem_without_its_details",
    ),
    "length-mismatch": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_fewer_bytes_than_announced_are_refused",
    ),
    "digest-mismatch": Row(
        7,
        422,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_a_digest_that_the_bytes_do_not_have_is_refused",
    ),
    "summary-malformed": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_the_key_refuses_a_manifest_that_its_policy_does_not_allow",
    ),
    "unit-mismatch": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_journey.py::test_the_key_refuses_a_manifest_of_another_unit",
    ),
    "schema-unknown": Row(
        7,
        422,
        UNSIGNED,
        "tests/protocol/test_certificate.py::test_a_profile_of_an_unknown_schema_is_refused",
    ),
    "purpose-refused": Row(
        7,
        403,
        UNSIGNED,
        "tests/backend/test_links.py::test_a_key_without_the_purpose_exports_nothing",
    ),
    "idempotency-conflict": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_the_same_idempotency_key_for_another_manifest_is_an_error",
    ),
    "clock-behind": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_signing.py::test_a_claimed_time_before_the_last_verified_office_time_is_refused",
    ),
    "computer-clock": Row(
        13, None, UNCHANGED, "tests/host/test_clocks.py::test_the_doctor_names_the_odd_one_out"
    ),
    "key-ahead": Row(
        13, None, UNCHANGED, "tests/host/test_clocks.py::test_the_doctor_names_the_odd_one_out"
    ),
    "office-time-behind": Row(
        13, None, UNCHANGED, "tests/host/test_clocks.py::test_the_doctor_names_the_odd_one_out"
    ),
    "clocks-differ": Row(
        13, None, UNCHANGED, "tests/host/test_clocks.py::test_the_doctor_names_the_odd_one_out"
    ),
    "office-clock-ahead": Row(
        10,
        503,
        NO_ROW,
        "tests/backend/test_clock.py::test_a_running_office_notices_a_jump_of_minutes_until_the_clock_is_right_again",
    ),
    "office-clock-behind": Row(
        10,
        503,
        NO_ROW,
        "tests/backend/test_clock.py::test_a_log_that_is_ahead_stops_the_office_and_nothing_gets_in",
    ),
    "clock-disagrees": Row(
        3,
        None,
        NO_ROW,
        "tests/backend/test_clock.py::test_a_second_source_must_agree_with_the_clock",
    ),
    "certificate-expired": Row(
        7,
        403,
        UNSIGNED,
        "tests/backend/test_statement_refusals.py::test_a_certificate_that_expires_before_the_logged_time_is_refused_under_the_lock",
    ),
    "anchor-present": Row(
        7, None, UNSIGNED, "tests/firmware/test_enrolment.py::test_a_second_anchor_is_refused"
    ),
    "anchor-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_an_anchor_that_its_root_did_not_sign_is_refused",
    ),
    "profile-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_a_grant_of_a_foreign_office_is_refused",
    ),
    "serial-mismatch": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_a_wipe_needs_the_serial_number_and_the_button",
    ),
    "key-mismatch": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_enrolment.py::test_a_grant_for_something_else_is_refused",
    ),
    "order-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_orders.py::test_an_order_of_another_office_is_refused",
    ),
    "order-stale": Row(
        7, None, UNSIGNED, "tests/firmware/test_orders.py::test_an_order_to_reset_is_good_once"
    ),
    "order-needed": Row(
        7,
        None,
        SENT,
        "tests/host/test_cli.py::test_a_key_in_service_is_not_wiped_and_says_who_to_ask",
    ),
    "card-invalid": Row(
        7, None, UNSIGNED, "tests/firmware/test_card.py::test_a_card_of_another_office_is_refused"
    ),
    "card-older": Row(
        7, None, UNSIGNED, "tests/firmware/test_card.py::test_an_older_card_is_refused"
    ),
    "outbox-full": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_outbox.py::test_the_outbox_has_room_for_so_many_parcels",
    ),
    "officers-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_unblock.py::test_officers_that_do_not_hold_are_refused",
    ),
    "officers-older": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_unblock.py::test_newer_officers_get_new_shares_and_older_ones_none",
    ),
    "unblock-unset": Row(
        7, None, UNSIGNED, "tests/firmware/test_unblock.py::test_a_key_without_officers_says_so"
    ),
    "unblock-wrong": Row(
        7, None, COUNTED, "tests/firmware/test_unblock.py::test_one_officer_alone_opens_nothing"
    ),
    "unblock-locked": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_unblock.py::test_after_ten_wrong_pairs_the_right_one_is_not_looked_at",
    ),
    "code-mistyped": Row(
        8,
        None,
        SENT,
        "tests/firmware/test_unblock.py::test_what_is_no_code_is_refused_before_anything_is_counted",
    ),
    "share-foreign": Row(
        8,
        None,
        NO_ROW,
        "tests/firmware/test_unblock.py::test_shares_open_for_their_own_officer_only",
    ),
    "officer-exists": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_nobody_is_made_twice_and_nobody_is_both",
    ),
    "officer-unknown": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_nobody_is_made_twice_and_nobody_is_both",
    ),
    "officers-same": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_nobody_is_made_twice_and_nobody_is_both",
    ),
    "shares-foreign": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_shares_that_another_device_signed_are_refused",
    ),
    "shares-unknown": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_after_use_the_office_gives_no_code_until_it_has_the_new_shares",
    ),
    "shares-stale": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_older_shares_do_not_take_the_place_of_newer_ones",
    ),
    "check-mismatch": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_unblock.py::test_what_was_misheard_is_noticed_before_a_share_is_opened",
    ),
    "release-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_update.py::test_a_release_that_is_not_signed_by_both_is_refused",
    ),
    "release-older": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_update.py::test_a_downgrade_below_the_floor_is_refused_and_one_above_is_not",
    ),
    "release-unapproved": Row(
        8,
        None,
        SENT,
        "tests/firmware/test_update.py::test_a_release_that_the_office_has_not_approved_is_not_sent",
    ),
    "update-unavailable": Row(
        7, None, UNSIGNED, "tests/firmware/test_update.py::test_a_board_without_two_places_says_so"
    ),
    "update-incomplete": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_update.py::test_a_part_out_of_place_or_of_another_size_is_refused",
    ),
    "firmware-outdated": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_update.py::test_firmware_below_the_floor_signs_nothing_however_it_came_to_run",
    ),
    "status-invalid": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_status.py::test_what_the_office_did_not_sign_changes_nothing",
    ),
    "status-older": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_status.py::test_an_older_word_does_not_let_a_stopped_key_go_on",
    ),
    "profile-older": Row(
        7,
        None,
        UNSIGNED,
        "tests/backend/test_renewal.py::test_the_key_takes_no_older_certificate_and_not_one_of_another_unit",
    ),
    "certificate-superseded": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_renewal.py::test_what_was_signed_before_is_taken_in_during_the_overlap_and_not_after",
    ),
    "receipt-not-yet": Row(
        8,
        None,
        UNCHANGED,
        "tests/host/test_parcels.py::test_without_a_receipt_there_is_nothing_to_collect",
    ),
    "session-required": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_session.py::test_a_command_in_clear_is_refused_also_while_the_key_is_unlocked",
    ),
    "session-lost": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_sealed_message_that_no_session_opens_is_answered_in_clear",
    ),
    "session-unavailable": Row(
        7,
        None,
        SENT,
        "tests/firmware/test_session.py::test_a_key_without_one_gets_no_pin_unless_its_person_allows_it",
    ),
    "key-changed": Row(
        7,
        None,
        SENT,
        "tests/system/test_failures.py::test_another_device_under_a_known_serial_number_gets_no_pin",
    ),
    "key-not-genuine": Row(
        7,
        None,
        SENT,
        "tests/system/test_failures.py::test_a_key_that_did_not_sign_the_hello_gets_no_pin",
    ),
    "key-unknown": Row(
        7,
        None,
        SENT,
        "tests/system/test_failures.py::test_a_new_key_that_is_not_confirmed_gets_no_pin",
    ),
    "known-keys-unreadable": Row(
        12,
        None,
        SENT,
        "tests/firmware/test_session.py::test_a_record_of_known_keys_that_cannot_be_read_is_no_empty_one",
    ),
    "receipt-present": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_outbox.py::test_what_has_its_receipt_need_not_travel",
    ),
    "not-set-back": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_orders.py::test_a_key_that_was_not_set_back_gets_no_order_to_go_on",
    ),
    "challenge-implausible": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_orders.py::test_a_challenge_that_claims_far_more_than_the_office_knows_is_refused",
    ),
    "gap-unknown": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_orders.py::test_numbers_that_nobody_signed_are_a_gap_that_a_person_closes",
    ),
    "card-stale": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_roles.py::test_a_key_signs_nothing_under_a_card_whose_day_is_over",
    ),
    "offline-limit": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_roles.py::test_without_word_from_its_office_a_key_signs_as_often_as_its_card_allows",
    ),
    "role-refused": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_roles.py::test_a_role_is_certified_for_nothing_that_it_may_not_sign",
    ),
    "wrong-device": Row(
        13,
        None,
        UNCHANGED,
        "tests/host/test_doctor.py::test_a_key_under_the_name_of_another_is_the_wrong_device",
    ),
    "key-not-set-up": Row(
        13, None, UNCHANGED, "tests/host/test_doctor.py::test_a_blank_key_is_told_how_to_be_set_up"
    ),
    "firmware-old": Row(
        13, None, UNCHANGED, "tests/host/test_doctor.py::test_old_firmware_is_found"
    ),
    "key-faulty": Row(
        13,
        None,
        UNCHANGED,
        "tests/host/test_doctor.py::test_a_key_that_found_itself_faulty_is_found",
    ),
    "certificate-expiring": Row(
        13, None, UNCHANGED, "tests/host/test_doctor.py::test_a_certificate_is_found_in_time"
    ),
    "modem-manager": Row(
        13,
        None,
        UNCHANGED,
        "tests/host/test_doctor.py::test_a_modem_manager_is_found_unless_the_rules_keep_it_away",
    ),
    "audit-contradicts": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_audits.py::test_a_ring_that_names_other_events_is_refused_and_kept",
    ),
    "pin-required": Row(
        6,
        None,
        UNSIGNED,
        "tests/firmware/test_pin.py::test_a_person_who_gives_up_leaves_the_key_locked",
    ),
    "pin-wrong": Row(
        6,
        None,
        COUNTED,
        "tests/firmware/test_pin.py::test_a_wrong_pin_says_how_many_tries_are_left_and_a_right_one_gives_them_all_back",
    ),
    "pin-locked": Row(
        6,
        None,
        COUNTED,
        "tests/firmware/test_pin.py::test_after_the_last_try_even_the_right_pin_is_refused_also_after_unplugging",
    ),
    "pin-wait": Row(
        6,
        None,
        UNSIGNED,
        "tests/firmware/test_vault.py::test_after_a_wrong_pin_the_key_waits_twice_as_long_each_time",
    ),
    "rolled-back": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_vault.py::test_an_older_image_is_noticed_by_the_tally_and_signs_nothing",
    ),
    "pin-weak": Row(
        6,
        None,
        UNSIGNED,
        "tests/firmware/test_pin_rules.py::test_a_key_refuses_a_weak_pin_whatever_program_sends_it",
    ),
    "date-future": Row(
        8,
        422,
        NO_ROW,
        "tests/backend/test_statement_refusals.py::test_a_form_dated_after_today_is_refused",
    ),
    "unit-foreign": Row(
        8,
        None,
        UNCHANGED,
        "tests/host/test_prepare_rules.py::test_a_form_of_another_unit_than_the_keys_is_refused",
    ),
    "pin-format": Row(6, None, UNSIGNED, "tests/firmware/test_pin.py::test_a_short_pin_is_refused"),
    "pin-unset": Row(
        6, None, UNSIGNED, "tests/firmware/test_pin.py::test_a_key_without_a_pin_signs_nothing"
    ),
    "pin-set": Row(
        6, None, UNSIGNED, "tests/system/test_failures.py::test_a_second_first_pin_is_refused"
    ),
    "slot-refused": Row(
        7, None, UNSIGNED, "tests/firmware/test_pin.py::test_only_user_0_lets_others_in"
    ),
    "origin-malformed": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_login_and_links.py::test_a_place_that_is_no_address_is_refused",
    ),
    "receipt-malformed": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_receipt_bundle_of_another_schema_is_malformed",
    ),
    "receipt-foreign": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_receipts.py::test_a_receipt_of_a_foreign_office_is_refused",
    ),
    "receipt-signature": Row(
        7,
        None,
        UNSIGNED,
        "tests/system/test_failures.py::test_a_receipt_whose_signature_is_wrong_is_refused_by_the_key",
    ),
    "receipt-mismatch": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_receipts.py::test_a_receipt_for_a_statement_of_another_key_is_refused",
    ),
    "receipt-proof": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_receipts.py::test_a_proof_that_does_not_lead_to_the_root_is_refused",
    ),
    "receipt-older": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_receipts.py::test_a_receipt_over_an_older_log_than_the_key_has_verified_is_refused",
    ),
    "receipt-consistency": Row(
        7,
        None,
        UNSIGNED,
        "tests/firmware/test_receipts.py::test_a_log_that_does_not_continue_the_verified_one_is_refused",
    ),
    "secret-invalid": Row(
        7,
        None,
        LOGGED,
        "tests/firmware/test_faults.py::test_a_stored_private_key_out_of_range_signs_nothing",
    ),
    "signature-fault": Row(
        7,
        None,
        LOGGED,
        "tests/firmware/test_faults.py::test_a_fresh_signature_that_does_not_verify_never_leaves_the_key",
    ),
    "entropy-failed": Row(
        7,
        None,
        LOGGED,
        "tests/simulator/test_entropy.py::test_a_source_that_fails_stops_signing_and_not_reading",
    ),
    "statement-malformed": Row(
        8, 400, NO_ROW, "tests/backend/test_serve.py::test_it_logs_one_json_line_for_each_statement"
    ),
    "header-invalid": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_catalogue.py::test_every_code_raised_in_this_room_has_words",
    ),
    "algorithm-unknown": Row(
        8, 422, NO_ROW, "tests/system/test_failures.py::test_an_unknown_algorithm_is_named"
    ),
    "algorithm-mismatch": Row(
        8,
        422,
        NO_ROW,
        "tests/backend/test_sm2_office.py::test_a_statement_in_the_other_suite_is_refused",
    ),
    "purpose-mismatch": Row(
        8, 422, NO_ROW, "tests/backend/test_links.py::test_a_login_is_no_export"
    ),
    "kid-mismatch": Row(
        8,
        422,
        NO_ROW,
        "tests/host/test_evidence.py::test_a_folder_of_another_office_fails_at_the_first_step",
    ),
    "key-invalid": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_statements.py::test_a_public_key_that_is_no_point_is_refused",
    ),
    "signature-invalid": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_statements.py::test_a_signature_of_another_length_is_refused",
    ),
    "signature-high-s": Row(
        8,
        422,
        NO_ROW,
        "tests/system/test_journey.py::test_the_malleated_twin_of_a_statement_is_refused_and_says_why",
    ),
    "certificate-invalid": Row(
        8, 422, NO_ROW, "tests/backend/test_issue.py::test_a_file_that_is_no_request_is_refused"
    ),
    "login-mismatch": Row(
        8,
        422,
        NO_ROW,
        "tests/firmware/test_login_and_links.py::test_a_login_is_good_for_one_office_one_place_and_one_challenge",
    ),
    "links-malformed": Row(
        8, 422, NO_ROW, "tests/backend/test_links.py::test_an_export_of_nothing_is_refused"
    ),
    "manifest-malformed": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_certificate.py::test_a_manifest_that_is_no_profile_is_refused",
    ),
    "manifest-too-large": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_package.py::test_a_manifest_over_the_limit_is_not_even_decoded",
    ),
    "manifest-contradicts": Row(
        8,
        422,
        NO_ROW,
        "tests/protocol/test_package.py::test_a_summary_that_contradicts_its_body_is_refused",
    ),
    "form-invalid": Row(
        8,
        422,
        NO_ROW,
        "tests/backend/test_countersignatures.py::test_an_agreement_without_the_application_document_is_refused",
    ),
    "key-not-found": Row(
        3,
        None,
        SENT,
        "tests/simulator/test_failures.py::test_what_the_system_says_of_a_port_has_our_name",
    ),
    "several-keys": Row(
        3,
        None,
        SENT,
        "tests/simulator/test_failures.py::test_two_keys_without_a_serial_number_are_listed_and_none_is_used",
    ),
    "port-busy": Row(
        4,
        None,
        SENT,
        "tests/simulator/test_failures.py::test_a_busy_key_is_a_row_of_the_list_and_an_error_of_a_command",
    ),
    "port-permission": Row(
        5,
        None,
        SENT,
        "tests/simulator/test_failures.py::test_what_the_system_says_of_a_port_has_our_name",
    ),
    "port-failed": Row(
        11,
        None,
        UNSIGNED,
        "tests/simulator/test_failures.py::test_what_the_system_says_of_a_port_has_our_name",
    ),
    "unplugged": Row(
        11,
        None,
        UNSIGNED,
        "tests/simulator/test_failures.py::test_unplugging_in_any_phase_is_named_and_the_next_try_signs_once",
    ),
    "link-timeout": Row(
        11,
        None,
        UNSIGNED,
        "tests/simulator/test_failures.py::test_unplugging_in_any_phase_is_named_and_the_next_try_signs_once",
    ),
    "link-garbled": Row(
        11,
        None,
        UNSIGNED,
        "tests/simulator/test_failures.py::test_a_device_that_is_no_key_is_told_from_a_silent_one",
    ),
    "key-error-unknown": Row(
        7,
        None,
        UNCHANGED,
        "tests/system/test_failures.py::test_an_unknown_error_of_a_newer_key_keeps_its_number",
    ),
    "office-unreachable": Row(
        9,
        None,
        FOLDER_KEPT,
        "tests/system/test_journey.py::test_an_office_that_is_down_loses_nothing",
    ),
    "office-timeout": Row(
        9,
        None,
        FOLDER_KEPT,
        "tests/host/test_office_client.py::test_a_failed_submission_has_a_name_and_succeeds_when_repeated",
    ),
    "office-answer": Row(
        9,
        None,
        FOLDER_KEPT,
        "tests/host/test_office_client.py::test_a_failed_submission_has_a_name_and_succeeds_when_repeated",
    ),
    "file-missing": Row(
        12, None, UNCHANGED, "tests/backend/test_backup.py::test_a_missing_backup_is_named"
    ),
    "file-unreadable": Row(
        12,
        None,
        UNCHANGED,
        "tests/system/test_failures.py::test_a_folder_in_the_place_of_a_file_is_unreadable",
    ),
    "file-unwritable": Row(
        12,
        None,
        UNCHANGED,
        "tests/backend/test_database.py::test_a_founding_that_fails_at_the_end_leaves_the_database_empty",
    ),
    "too-many-signatures": Row(
        10,
        429,
        NO_ROW,
        "tests/backend/test_throttle.py::test_whoever_makes_the_office_sign_again_and_again_has_to_wait",
    ),
    "office-entry": Row(
        7,
        None,
        UNCHANGED,
        "tests/backend/test_office_entries.py::test_every_command_says_so_in_one_sentence_of_either_language",
    ),
    "office-changing": Row(
        4,
        None,
        UNCHANGED,
        "tests/backend/test_at_once.py::test_an_office_whose_tables_are_being_altered_is_neither_migrated_nor_served",
    ),
    "office-serving": Row(
        4,
        None,
        UNCHANGED,
        "tests/backend/test_at_once.py::test_an_office_that_is_served_is_not_migrated_until_it_is_stopped",
    ),
    "database-refused": Row(
        4,
        None,
        UNCHANGED,
        "tests/backend/test_database_errors.py::test_an_account_that_may_make_no_tables_is_told_so_and_leaves_nothing",
    ),
    "sweep-no-room": Row(
        7,
        None,
        UNCHANGED,
        "tests/backend/test_full_disk.py::test_a_sweep_that_cannot_open_the_database_says_what_to_do",
    ),
    "file-special": Row(
        12,
        None,
        UNCHANGED,
        "tests/system/test_given_files.py::test_what_is_no_file_is_refused_and_not_waited_for",
    ),
    "file-kind": Row(
        8,
        None,
        UNCHANGED,
        "tests/system/test_given_files.py::test_a_wrong_file_is_named_with_what_was_expected_and_what_it_is",
    ),
    "file-link": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_whole_folder.py::test_a_pipe_in_the_place_of_the_root_holds_nobody_up",
    ),
    "file-too-large": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_whole_folder.py::test_a_file_larger_than_any_that_belongs_there_is_not_read",
    ),
    "part-foreign": Row(
        8,
        None,
        UNCHANGED,
        "tests/host/test_whole_folder.py::test_an_opinion_on_another_filing_does_not_pass_for_one_on_this",
    ),
    "file-exists": Row(
        12,
        None,
        UNCHANGED,
        "tests/backend/test_backup.py::test_an_existing_file_is_not_overwritten",
    ),
    "file-not-json": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_filings.py::test_a_form_that_is_no_json_names_the_line",
    ),
    "attachment-empty": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_filings.py::test_a_file_that_cannot_be_attached_leaves_no_folder",
    ),
    "attachment-too-large": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_filings.py::test_an_attachment_over_the_limit_is_refused",
    ),
    "attachment-type": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_filings.py::test_a_file_that_cannot_be_attached_leaves_no_folder",
    ),
    "folder-not-filing": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_cli.py::test_a_failure_has_its_exit_status_its_code_and_a_next_step",
    ),
    "filing-changed": Row(
        12, None, UNCHANGED, "tests/host/test_evidence.py::test_a_missing_file_is_named_at_its_step"
    ),
    "attachment-name": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_retrieval.py::test_a_name_that_a_computer_cannot_keep_is_refused_by_name_and_rule",
    ),
    "fetch-doubtful": Row(
        8,
        None,
        UNCHANGED,
        "tests/host/test_retrieval.py::test_a_filing_that_does_not_verify_leaves_nothing",
    ),
    "filing-doubtful": Row(
        8,
        None,
        UNCHANGED,
        "tests/host/test_reviews.py::test_nobody_is_asked_to_agree_to_a_filing_that_does_not_hold",
    ),
    "filing-signed": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_filings.py::test_a_signed_filing_is_not_signed_again_by_another_key",
    ),
    "filing-unsigned": Row(
        12, None, UNCHANGED, "tests/host/test_evidence.py::test_a_missing_file_is_named_at_its_step"
    ),
    "filing-unsubmitted": Row(
        12, None, UNCHANGED, "tests/host/test_evidence.py::test_a_missing_file_is_named_at_its_step"
    ),
    "file-encoding": Row(
        12,
        None,
        UNCHANGED,
        "tests/protocol/test_jsontext.py::test_a_broken_file_is_refused_with_what_is_wrong_and_where",
    ),
    "file-punctuation": Row(
        12,
        None,
        UNCHANGED,
        "tests/protocol/test_jsontext.py::test_a_broken_file_is_refused_with_what_is_wrong_and_where",
    ),
    "file-name-twice": Row(
        12,
        None,
        UNCHANGED,
        "tests/protocol/test_jsontext.py::test_a_broken_file_is_refused_with_what_is_wrong_and_where",
    ),
    "file-limit": Row(
        12,
        None,
        UNCHANGED,
        "tests/protocol/test_jsontext.py::test_a_broken_file_is_refused_with_what_is_wrong_and_where",
    ),
    "office-address": Row(
        2,
        None,
        "nothing was sent",
        "tests/protocol/test_address.py::test_what_is_no_address_is_a_usage_error_that_shows_what_is_wrong",
    ),
    "extra-missing": Row(
        1,
        None,
        UNCHANGED,
        "tests/system/test_output.py::test_an_office_without_its_extra_says_what_to_install",
    ),
    "output-unwritable": Row(
        12,
        None,
        "the command itself was carried out",
        "tests/system/test_output.py::test_a_full_disk_behind_the_output_has_a_name",
    ),
    "typed-encoding": Row(
        2,
        None,
        UNCHANGED,
        "tests/system/test_odd_arguments.py::test_no_text_is_named_as_none_wherever_it_is_typed",
    ),
    "usage": Row(2, None, UNCHANGED, "tests/backend/test_cli.py::test_wrong_usage_ends_with_two"),
    "interrupted": Row(
        130,
        None,
        UNCHANGED,
        "tests/host/test_cli.py::test_an_interrupted_run_says_that_nothing_is_signed_twice",
    ),
    "simulator-missing": Row(
        1, None, UNCHANGED, "tests/system/test_failures.py::test_the_simulators_failures_have_codes"
    ),
    "simulator-failed": Row(
        1, None, UNCHANGED, "tests/system/test_failures.py::test_the_simulators_failures_have_codes"
    ),
    "serial-taken": Row(
        1,
        None,
        UNCHANGED,
        "tests/simulator/test_two_simulators.py::test_a_serial_number_that_is_taken_is_refused_naming_its_holder",
    ),
    "simulator-unanswered": Row(
        1,
        None,
        UNCHANGED,
        "tests/simulator/test_control.py::test_a_key_that_nobody_runs_is_not_reached",
    ),
    "folder-foreign": Row(
        12, None, UNCHANGED, "tests/host/test_folders.py::test_a_folder_of_another_user_is_not_used"
    ),
    "folder-link": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_folders.py::test_a_link_is_not_followed_wherever_it_stands",
    ),
    "folder-open": Row(
        12,
        None,
        UNCHANGED,
        "tests/host/test_folders.py::test_a_folder_that_others_can_change_is_not_used",
    ),
    "office-older": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_migrate.py::test_an_office_of_an_older_program_says_so_until_it_is_migrated",
    ),
    "database-lost": Row(
        10, None, NO_ROW, "tests/backend/test_migrate.py::test_a_lost_database_is_not_founded_anew"
    ),
    "office-newer": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_migrate.py::test_an_office_of_a_newer_program_is_left_alone",
    ),
    "office-not-initialised": Row(
        10, None, NO_ROW, "tests/backend/test_cli.py::test_a_problem_as_json"
    ),
    "office-initialised": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_init.py::test_a_second_office_in_the_same_folder_is_refused",
    ),
    "passphrase-wrong": Row(
        10, None, NO_ROW, "tests/backend/test_backup.py::test_a_wrong_passphrase_does_not_restore"
    ),
    "passphrase-weak": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_init.py::test_a_short_passphrase_is_refused_before_anything_is_made",
    ),
    "passphrase-missing": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_cli.py::test_without_a_passphrase_and_a_terminal_the_command_says_so",
    ),
    "backup-invalid": Row(
        10, None, NO_ROW, "tests/backend/test_backup.py::test_a_damaged_database_is_refused"
    ),
    "unit-unknown": Row(
        10, 403, NO_ROW, "tests/backend/test_issue.py::test_an_offer_for_an_unknown_unit_is_refused"
    ),
    "unit-inactive": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_issue.py::test_an_offer_for_an_abolished_unit_is_refused",
    ),
    "nonce-unknown": Row(
        10, None, NO_ROW, "tests/backend/test_issue.py::test_a_nonce_is_good_once"
    ),
    "key-registered": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_chain.py::test_a_suspended_key_is_not_certified_anew_before_a_person_decides",
    ),
    "certificate-unknown": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_login.py::test_a_refusal_has_its_code_and_status_and_opens_no_login",
    ),
    "certificate-not-yet": Row(
        10,
        403,
        NO_ROW,
        "tests/host/test_evidence.py::test_a_certificate_that_did_not_allow_it_then_is_found",
    ),
    "certificate-mismatch": Row(
        10,
        422,
        NO_ROW,
        "tests/host/test_evidence.py::test_a_certificate_of_the_same_key_for_something_else_is_found",
    ),
    "blob-missing": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_countersignatures.py::test_a_refusal_has_its_code_and_status",
    ),
    "blob-mismatch": Row(
        10,
        422,
        NO_ROW,
        "tests/backend/test_bit_flips.py::test_a_thousand_random_bits_of_an_attachment_are_noticed",
    ),
    "blob-too-large": Row(
        10,
        413,
        NO_ROW,
        "tests/backend/test_blobs.py::test_a_body_announced_as_too_long_is_refused_unread",
    ),
    "blob-size-mismatch": Row(
        10,
        422,
        NO_ROW,
        "tests/backend/test_countersignatures.py::test_a_refusal_has_its_code_and_status",
    ),
    "blob-not-found": Row(
        10, 404, NO_ROW, "tests/system/test_journey.py::test_a_blob_that_is_not_there_is_not_found"
    ),
    "storage-full": Row(
        10,
        507,
        NO_ROW,
        "tests/backend/test_blobs.py::test_a_full_disk_answers_507_and_leaves_nothing",
    ),
    "statement-too-large": Row(
        10, 413, NO_ROW, "tests/backend/test_links.py::test_what_is_no_export_is_refused"
    ),
    "statement-not-found": Row(
        10, 404, NO_ROW, "tests/backend/test_receipts.py::test_an_unknown_statement_is_not_found"
    ),
    "fork-not-found": Row(
        10,
        404,
        NO_ROW,
        "tests/backend/test_fork_export.py::test_a_name_that_is_unknown_short_or_of_several_is_not_found",
    ),
    "media-type": Row(
        10,
        415,
        NO_ROW,
        "tests/backend/test_statement_refusals.py::test_another_content_type_is_refused",
    ),
    "digest-malformed": Row(
        10, 400, NO_ROW, "tests/backend/test_receipts.py::test_a_malformed_name_is_refused"
    ),
    "chain-fork": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_links.py::test_an_export_that_contradicts_a_known_name_is_a_fork",
    ),
    "chain-broken": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_links.py::test_names_that_come_before_their_statements_bind_them",
    ),
    "proof-range": Row(
        10, 422, NO_ROW, "tests/backend/test_log.py::test_a_range_outside_the_log_is_refused"
    ),
    "port-taken": Row(
        10, None, NO_ROW, "tests/system/test_journey.py::test_a_port_that_is_taken_is_named"
    ),
    "log-broken": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_cli.py::test_a_broken_log_ends_with_nine_and_says_where",
    ),
    "files-lost": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_lost_files.py::test_the_command_fails_with_a_list_when_files_are_gone",
    ),
    "request-invalid": Row(
        10, 400, NO_ROW, "tests/backend/test_cases.py::test_a_query_that_makes_no_sense_is_refused"
    ),
    "request-broken": Row(
        10,
        400,
        NO_ROW,
        "tests/backend/test_broken_requests.py::test_a_broken_request_is_answered_by_its_status_and_one_line",
    ),
    "expectation-unknown": Row(
        10,
        417,
        NO_ROW,
        "tests/backend/test_broken_requests.py::test_a_broken_request_is_answered_by_its_status_and_one_line",
    ),
    "request-headers-too-large": Row(
        10,
        431,
        NO_ROW,
        "tests/backend/test_broken_requests.py::test_a_broken_request_is_answered_by_its_status_and_one_line",
    ),
    "request-timeout": Row(
        10,
        408,
        NO_ROW,
        "tests/backend/test_stalled.py::test_half_a_request_is_answered_408_when_patience_ends",
    ),
    "too-many-failures": Row(
        10,
        429,
        NO_ROW,
        "tests/backend/test_throttle.py::test_a_client_whose_signatures_fail_has_to_wait_and_no_other",
    ),
    "route-not-found": Row(
        10, 404, NO_ROW, "tests/backend/test_http.py::test_an_unknown_address_answers_a_problem"
    ),
    "method-not-allowed": Row(
        10,
        405,
        NO_ROW,
        "tests/backend/test_http.py::test_a_method_that_an_address_does_not_take_answers_a_problem",
    ),
    "office-busy": Row(
        10,
        503,
        NO_ROW,
        "tests/backend/test_database.py::test_a_writer_waits_for_the_writer_before_it",
    ),
    "database-url": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_database.py::test_a_url_with_a_password_or_without_a_name_is_refused_and_never_shown",
    ),
    "database-password": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_database.py::test_a_url_with_a_password_or_without_a_name_is_refused_and_never_shown",
    ),
    "database-unreachable": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_database.py::test_a_server_that_is_away_is_a_problem_with_a_next_step",
    ),
    "database-not-empty": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_backup.py::test_restoring_into_a_database_that_is_in_use_is_refused_and_changes_nothing",
    ),
    "database-mismatch": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_database.py::test_another_database_than_the_offices_is_refused",
    ),
    "key-suspended": Row(
        7,
        403,
        STOPPED,
        "tests/firmware/test_status.py::test_a_stopped_key_signs_nothing_also_after_a_restart",
    ),
    "certificate-revoked": Row(
        7,
        403,
        STOPPED,
        "tests/firmware/test_status.py::test_a_stopped_key_signs_nothing_also_after_a_restart",
    ),
    "serial-unknown": Row(
        10, 404, NO_ROW, "tests/backend/test_alerts.py::test_an_unknown_serial_is_refused"
    ),
    "key-not-suspended": Row(
        10,
        None,
        NO_ROW,
        "tests/backend/test_chain.py::test_only_a_suspended_key_can_be_resumed_and_a_key_is_revoked_once",
    ),
    "not-supervisor": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_countersignatures.py::test_a_refusal_has_its_code_and_status",
    ),
    "countersign-not-due": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_countersignatures.py::test_the_second_version_is_countersigned_in_its_turn",
    ),
    "not-officer": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_issue.py::test_only_the_offices_own_unit_gets_an_officers_key",
    ),
    "decision-not-due": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_decisions.py::test_of_two_officers_one_decides_and_the_other_is_told",
    ),
    "decision-mismatch": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_decisions.py::test_a_return_sends_the_case_back_and_it_comes_again",
    ),
    "case-not-open": Row(
        10,
        409,
        NO_ROW,
        "tests/backend/test_statement_refusals.py::test_a_refusal_has_its_code_and_status_and_changes_nothing",
    ),
    "origin-unknown": Row(
        10,
        403,
        NO_ROW,
        "tests/backend/test_login.py::test_an_origin_that_is_not_the_offices_gets_no_challenge",
    ),
    "login-replayed": Row(
        10, 403, NO_ROW, "tests/backend/test_login.py::test_an_answer_is_good_once"
    ),
    "login-expired": Row(
        10, 403, NO_ROW, "tests/backend/test_login.py::test_a_challenge_is_good_for_five_minutes"
    ),
    "login-required": Row(
        10, 401, NO_ROW, "tests/backend/test_login.py::test_a_login_ends_when_its_holder_says_so"
    ),
    "case-not-found": Row(
        10, 404, NO_ROW, "tests/backend/test_cases.py::test_an_unknown_case_is_not_found"
    ),
}

LANGUAGES = "| code | 说明 | in English | exit | HTTP | what is unchanged |"


def page() -> str:
    """docs/failures.md."""
    lines = [
        "# Failures",
        "",
        "Every code that a person or a program can meet, from one catalogue. Each row is provoked by a test; this page is written",
        "from `tests/system/failures.py`. Exit is the status of `biandun`; what the office refuses ends with 10.",
        "",
        LANGUAGES,
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for code, row in sorted(ROWS.items()):
        entry = catalogue.entry(code)
        words = [f"{entry.zh}{entry.next_zh}", f"{entry.en} {entry.next_en}"]
        cells = [f"`{code}`", *words, str(row.exit), str(row.http or ""), row.kept]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "failures.md").write_text(page(), "utf-8")
