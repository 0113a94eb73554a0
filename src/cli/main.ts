import pkg from '../../package.json' with { type: 'json' }

const argv = process.argv.slice(2)

// Nothing else is loaded for this answer: scripts ask for it, and Node 20 keeps no compiled code.
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${pkg.version}\n`)
} else {
  const { runProcess } = await import('./process.ts')
  await runProcess(argv, pkg.version)
}
