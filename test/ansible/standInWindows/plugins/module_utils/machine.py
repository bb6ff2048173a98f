"""A Windows machine as far as the role agent sees it: a drive that is a folder, and one service. WINDOWS_STAND_IN names both."""

import json
import os
import re
import zipfile

HOME = os.environ['WINDOWS_STAND_IN']
SERVICE = os.path.join(HOME, 'service.json')


class Refused(Exception):
    """What a PowerShell script throws, or a module fails with."""


def here(path):
    """Where a path of the machine is really."""
    return os.path.join(HOME, path.replace(':', '').replace('\\', '/'))


def service():
    """The service's command line and whether it runs; None when it is not registered."""
    if not os.path.exists(SERVICE):
        return None
    with open(SERVICE) as file:
        return json.load(file)


def keep(state):
    if state is None:
        os.remove(SERVICE)
        return
    with open(SERVICE, 'w') as file:
        json.dump(state, file)


def version():
    """How the version that is registered behaves: what its package has in place of the program."""
    return behaviour(re.match(r'"([^"]+)\\node.exe"', service()['path']).group(1))


def behaviour(home):
    with open(here(home + '\\app\\main.js')) as file:
        return json.load(file)


def settings():
    config = re.search(r'--config "([^"]+)"', service()['path'])
    if config is None or not os.path.exists(here(config.group(1))):
        return ''
    with open(here(config.group(1))) as file:
        return file.read()


def start():
    """Starts the service. As the program, it does not start on a port that is taken."""
    if not version()['starts'] or 'SENSORPROXY_PORT=\'135\'' in settings():
        keep(dict(service(), running=False))
        raise Refused('It did not start (exit code 1). The event log (Application, SensorProxy) says why.')
    keep(dict(service(), running=True))


def run(program, action, params):
    """`sensorproxy.cmd service <action>`, as src/cli/serviceCommand.ts has it."""
    if not os.path.exists(here(program)):
        raise Refused("The term '%s' is not recognized as the name of a cmdlet." % program)
    home = program[:-len('\\sensorproxy.cmd')]
    if action == 'uninstall':
        if service() is None:
            raise Refused('service uninstall ended with 1: The service SensorProxy is not installed.')
        keep(None)
        return
    if service() is not None:
        raise Refused('service install ended with 1: The service SensorProxy is installed already. Uninstall it first.')
    if not behaviour(home)['installs']:
        raise Refused('service install ended with 1: access denied (5).')
    config = ' --config "%s"' % params['Settings'] if params['Settings'] else ''
    line = '"%s\\node.exe" "%s\\app\\main.js" service run --data-dir "%s"%s' % (home, home, params['Data'], config)
    keep(dict(path=line, running=False))
    try:
        start()
    except Refused as error:
        raise Refused('service install ended with 1: The service SensorProxy is installed. %s' % error)


def unpack(params):
    zip_file = here(params['Zip'])
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(here(params['Root']))
    os.remove(zip_file)
