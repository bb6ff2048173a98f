import fc from 'fast-check';
import { parseCommandLine } from '../../../src/cli/commandLine';

const word = fc.oneof(
  fc.constantFrom(
    'service',
    'install',
    'run',
    'remove',
    'token',
    'create',
    'list',
    'revoke',
    'journal',
    'verify',
    'contexts',
    'copy',
    'health',
    'sensor',
    'restart',
  ),
  fc.constantFrom(
    '--config',
    '--data-dir',
    '--scope',
    '--target',
    '--json',
    '--token',
    '--',
    '-',
    '--help',
    '--version',
    '__proto__',
    'constructor',
    '',
  ),
  fc.string(),
);

it('any arguments are a command, or a text to print', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (args) => {
      const command = parseCommandLine(args, '1.2.3');
      expect(['serve', 'runAsService', 'command', 'client', 'print']).toContain(command.kind);
      if (args.length > 0) expect(command.kind).not.toBe('serve');
      if (command.kind === 'print' && command.text !== '1.2.3') expect(command.text).toContain('sensorproxy');
    }),
    { numRuns: 1000 },
  );
});
