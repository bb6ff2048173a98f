# Copyright (c) The sensorproxy authors
# MIT License (see LICENSE of the sensorproxy project)
"""Options that all modules of this collection have."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class ModuleDocFragment(object):
    # How to reach the service.
    DOCUMENTATION = r'''
options:
  url:
    description:
      - Where the service listens, such as C(https://dc01.contoso.com:8484).
      - Anything but loopback needs TLS on the service's side, so that the address begins with C(https).
    type: str
    required: true
  token:
    description:
      - The bearer token. Reading needs the scope C(read), changing C(operate).
      - It is not shown in any output. A task needs it, or I(client_cert).
    type: str
  client_cert:
    description:
      - PEM file with a client certificate that the service takes in place of a token. It may hold the key as well.
    type: path
  client_key:
    description:
      - PEM file with the key of I(client_cert).
    type: path
  ca_path:
    description:
      - PEM file with authorities to trust for the service's certificate, beside those of the system.
    type: path
  validate_certs:
    description:
      - Whether the service's certificate must be valid for its name and come from a trusted authority.
      - Without it, whoever answers at that address is given the token.
    type: bool
    default: true
  timeout:
    description:
      - How many seconds an exchange with the service may take, from finding its address to the last byte of its answer.
    type: int
    default: 60
notes:
  - The module runs where it can reach the service over HTTP, as a rule on the controller, with C(connection=local) or C(delegate_to=localhost).
  - Redirects are not followed, the environment's proxies and C(.netrc) are not used.
attributes:
  platform:
    description: Where the module itself runs.
    support: full
    platforms: posix
  action_group:
    description: C(module_defaults) for all modules at once.
    support: full
    details: 'The group is C(group/sensorproxy.agent.agent).'
'''

    # Why a change is made.
    CHANGE = r'''
options:
  ticket:
    description:
      - The ticket that the change belongs to, for the journal. At most 200 characters.
    type: str
  reason:
    description:
      - Why the change is made, in a sentence, for the journal. At most 2000 characters.
    type: str
'''
