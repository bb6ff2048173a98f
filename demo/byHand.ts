import { say, title } from './print';
import { PROGRAM, type PracticeService } from './service';

/** How to call the practice service from another terminal, with curl and with the command line, for a POSIX shell; `guide` is the document. */
export function sayHowToCall({ url, token, tokenFile, dataDir }: PracticeService, guide: string): void {
  title('The practice domain controller DC01');
  say(`Nothing has been copied: that is left to you. ${guide} goes through it.\n`);
  say(`Address     ${url}`);
  say(`Swagger UI  ${url}/docs`);
  say(`Token       ${token}   (for Authorize; this one lives as long as the demo)`);
  say(`Token file  ${tokenFile}`);
  say('\nFor curl and the command line, paste this into another terminal (on Windows: Git Bash):\n');
  say(`U=${url}`);
  say(`H="Authorization: Bearer $(cat ${quoted(tokenFile)})"`);
  say(`export SENSORPROXY_PORT=${new URL(url).port} SENSORPROXY_DATA_DIR=${quoted(dataDir)}`);
  say(`sensorproxy() { ${quoted(process.execPath)} ${quoted(PROGRAM)} "$@"; }`);
}

/** One word for a POSIX shell, whatever is in it. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
