// Schemathesis over docs/openapi.json against a real server with a real model; CI does it for less than a minute (tests/clients/schemathesis.test.ts).
//   npm run fuzz:api        five minutes        npm run fuzz:api -- 60    seconds        FUZZ_SEED=7 npm run fuzz:api    other requests

import { attackApi } from '../tests/clients/schemathesis/attack.ts'
import setup from '../tests/support/setup.ts'

const DEFAULT_SECONDS = 300

await setup()
const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS)
const { status, report, survived, complaints } = await attackApi({ seconds })
console.log(report)
for (const complaint of complaints) console.error(complaint)
if (!survived) console.error('the server did not survive')
if (status !== 0 || !survived || complaints.length > 0) process.exitCode = 1
