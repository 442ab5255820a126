/** The command line, `plimsoll`. Each command has its own file; `commands.ts` says which. */
import { run } from './run.ts';

const args = process.argv.slice(2);
// `plimsoll data … | head`: whoever reads has seen enough. A trader goes on to a good end by itself.
if (args[0] !== 'trade') {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
const code = await run(args, (text) => process.stderr.write(text));
if (code !== null) process.exit(code);
