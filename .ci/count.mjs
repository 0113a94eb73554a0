// Prints "<passed> <failed>" for a vitest JSON report and the exit code of the run that wrote it. Nothing may be skipped:
// a skipped test is a failed one here. A run that failed with no failed test to show for it counts as one failure.
import { readFileSync } from 'node:fs'

const [, , path, exitCode] = process.argv

function read() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { testResults: [] }
  }
}

const files = read().testResults
const tests = files.flatMap((file) => file.assertionResults)
const passed = tests.filter((test) => test.status === 'passed').length
const skipped = tests.filter((test) => test.status !== 'passed' && test.status !== 'failed')
for (const test of skipped) process.stderr.write(`skipped: ${test.fullName}\n`)
const failedFiles = files.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status === 'passed')).length
const failed = tests.length - passed + failedFiles
process.stdout.write(`${passed} ${failed === 0 && (exitCode !== '0' || passed === 0) ? 1 : failed}\n`)
