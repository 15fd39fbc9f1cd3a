// Writes a bill of materials without what differs between two runs: its serial
// number, and the moment, which becomes that of the commit.
import { readFileSync } from 'node:fs';

const [file, epoch] = process.argv.slice(2);
const bill = JSON.parse(readFileSync(file, 'utf8'));
delete bill.serialNumber;
bill.metadata.timestamp = new Date(Number(epoch) * 1000).toISOString();
process.stdout.write(JSON.stringify(bill, null, 2) + '\n');
