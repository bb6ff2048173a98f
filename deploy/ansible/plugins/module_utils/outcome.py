# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""What a change did, as a module's result and as a diff."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict


def snake(body):
    """The service's answer with names as Ansible has them: `inSync` is `in_sync`."""
    return camel_dict_to_snake_dict(body)


def result_of(outcome, with_diff):
    """The module's result for the service's answer to a change."""
    result = snake(outcome)
    if with_diff:
        result['diff'] = [diff_of(one) for one in result['results']]
    return result


def diff_of(change):
    """One account before and after. It differs exactly when the account is changed."""
    before = settings_text(change['before'])
    after = settings_text(change['after'])
    if change['changed'] and before == after:
        # What has no name in the settings (the counter of auto-detect and its like), or cannot be decoded.
        before += 'other bytes: old\n'
        after += 'other bytes: new\n'
    name = change['target']
    return dict(before_header=name, after_header=name, before=before, after=after)


def without_credentials(value):
    """The same without what looks like `user:password@`, as the service writes its events. Settings may hold such, although
    WinINET takes none from there, and differences and reports go where the registry does not."""
    if isinstance(value, dict):
        return {name: without_credentials(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_credentials(one) for one in value]
    return re.sub(r'[^\s/=;,@]*:[^\s@]*@', '…@', value) if isinstance(value, str) else value


def settings_text(settings):
    """Settings as lines, always in the same order. What is secret in them is left out."""
    if settings is None:
        return 'settings: none, or none that can be read\n'
    settings = without_credentials(settings)
    flags = settings['flags']
    in_force = [name for name in ('direct', 'proxy', 'auto_config_url', 'auto_detect') if flags[name]]
    lines = [
        'in force: %s' % (', '.join(in_force) or 'nothing'),
        'proxy_server: %s' % (settings['proxy_server'] or '-'),
        'bypass_list: %s' % (' '.join(settings['bypass_list']) or '-'),
        'auto_config_url: %s' % (settings['auto_config_url'] or '-'),
        'version: %s' % settings['version'],
        'counter: %s' % settings['counter'],
    ]
    return '\n'.join(lines) + '\n'
