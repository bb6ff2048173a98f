const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true },
        keepClassNames: true,
      },
      module: { type: 'commonjs' },
    },
  ],
};

const project = (displayName, testMatch) => ({
  displayName,
  testMatch: testMatch.map((glob) => `<rootDir>/${glob}`),
  testEnvironment: 'node',
  transform,
});

/**
 * `default` and `fuzz` need nothing but Node. `interop`, `lab`, `faults`, `prometheus`, `ansible` and `windows` need Debian's
 * parts, `native` needs Windows (see test/README.md).
 * @type {import('jest').Config}
 */
module.exports = {
  reporters: ['default', '<rootDir>/test/support/closingLineReporter.js'],
  testTimeout: 20000,
  maxWorkers: 3,
  projects: [
    project('default', [
      'test/unit/**/*.test.ts',
      'test/contract/**/*.test.ts',
      'test/http/**/*.test.ts',
      'test/*.test.ts',
    ]),
    project('interop', ['test/interop/**/*.test.ts', 'test/regedit/**/*.test.ts']),
    project('lab', ['test/lab/**/*.test.ts']),
    project('faults', ['test/faults/**/*.test.ts']),
    project('prometheus', ['test/prometheus/**/*.test.ts']),
    project('fuzz', ['test/fuzz/**/*.test.ts']),
    project('windows', ['test/windows/**/*.test.ts']),
    project('ansible', ['test/ansible/**/*.test.ts']),
    project('native', ['test/native/**/*.test.ts', 'test/regedit/contract.test.ts']),
  ],
};
