# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""The report of the playbook rollout."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
name: rollout_report
short_description: What a rollout has done to each host
version_added: 0.1.0
description:
  - Makes the report of the playbook C(sensorproxy.agent.rollout) from what its tasks have registered.
author:
  - The sensorproxy authors (@sensorproxy)
positional: _input
options:
  _input:
    description: The variable C(hostvars).
    type: dict
    required: true
  hosts:
    description: The names of all hosts that the rollout is for, in order.
    type: list
    elements: str
    required: true
  ticket:
    description: The ticket.
    type: str
    required: true
  began:
    description: When the rollout began.
    type: str
    required: true
  written:
    description: When the report is written.
    type: str
    required: true
  check_mode:
    description: Whether nothing was written to any host.
    type: bool
    required: true
'''

EXAMPLES = r'''
- name: Show what is known so far
  ansible.builtin.debug:
    msg: "{{ hostvars | sensorproxy.agent.rollout_report(hosts=ansible_play_hosts_all, ticket='', began='', written='', check_mode=false) }}"
'''

RETURN = r'''
_value:
  description: The C(state) (C(finished), C(stopped) or C(under way)), C(ticket), C(began), C(written), C(check_mode), the C(totals) of each result, and the C(hosts).
  type: dict
'''

from ansible_collections.sensorproxy.agent.plugins.module_utils.outcome import without_credentials

# In the order of the totals.
RESULTS = ('changed', 'would change', 'in sync', 'failed', 'not reached')


def rollout_report(hostvars, hosts, ticket, began, written, check_mode):
    entries = [entry_of(host, hostvars[host]) for host in hosts]
    totals = {result: sum(entry['result'] == result for entry in entries) for result in RESULTS}
    return dict(
        state=state_of(totals),
        ticket=ticket or None,
        began=began,
        written=written,
        check_mode=check_mode,
        totals={result: count for result, count in totals.items() if count},
        hosts=entries,
    )


def state_of(totals):
    """Whether anything is still to come. A run that was killed leaves `under way`."""
    if totals['failed']:
        return 'stopped'
    return 'under way' if totals['not reached'] else 'finished'


def entry_of(host, known):
    """What is known of one host. A task that was skipped has registered nothing of use, one that failed some of it."""
    now = known.get('rollout_now') or {}
    copied = known.get('rollout_copied') or {}
    refused = copied.get('problem') or {}
    probed = known.get('rollout_probed') or {}
    before = now if 'in_sync' in now else known.get('rollout_checked') or {}
    result = result_of(known, now, copied)
    return dict(
        host=host,
        url=known.get('sensorproxy_url'),
        result=result,
        before=sync_word(before),
        after=after_word(known, now, copied),
        source=before.get('source'),
        change_id=copied.get('change_id'),
        # A copy that failed has a backup as well, for the accounts that could not be put back.
        backup_id=copied.get('backup_id') or refused.get('backup_id'),
        not_restored=[one.get('target') for one in refused.get('not_restored') or []],
        accounts=without_credentials(copied.get('results') or []),
        endpoints=probed.get('status'),
        troubles=probed.get('troubles') or [],
        message=message_of(known, result),
    )


def result_of(known, now, copied):
    if 'rollout_failure' in known:
        return 'failed'
    if 'in_sync' not in now:
        return 'not reached'
    if not copied.get('changed'):
        return 'in sync'
    return 'would change' if copied.get('dry_run') else 'changed'


def sync_word(contexts):
    if 'in_sync' not in contexts:
        return None
    return 'in sync' if contexts['in_sync'] else 'drifted'


def after_word(known, now, copied):
    """Nothing is known of afterwards where a copy failed, and none has been made in check mode."""
    after = known.get('rollout_after') or {}
    if 'in_sync' in after:
        return sync_word(after)
    return 'in sync' if now.get('in_sync') and not copied.get('changed') else None


def message_of(known, result):
    """One line: what Ansible itself says may have several."""
    message = known.get(dict(failed='rollout_failure').get(result, 'rollout_check_failure'))
    return None if message is None or result not in ('failed', 'not reached') else ' '.join(str(message).split())


class FilterModule(object):
    def filters(self):
        return dict(rollout_report=rollout_report)
