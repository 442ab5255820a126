/**
 * What a deployment costs a month: the synthesized templates, counted, times stated prices, plus stated
 * usage. A kind of resource it does not know is an error, so that nothing new goes uncounted.
 */
import { METRICS } from '../shared/config/deployment.ts';
import { ALWAYS_FREE, type Prices, USAGE } from './prices.ts';

const HOURS = 730;

export interface CostedResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** Cost by what it is for, in USD a month; items of no cost are left out. */
export type Bill = ReadonlyMap<string, number>;

/** Resources that cost nothing, or nothing but usage that is counted elsewhere. */
const FREE =
  /^AWS::(IAM|SNS|SQS|StepFunctions|CDK)::|^AWS::(Logs::LogGroup|S3::Bucket(Policy)?|ECS::Cluster)$|^AWS::EC2::(VPC|VPCGatewayAttachment|Subnet|SubnetRouteTableAssociation|Route|RouteTable|InternetGateway|FlowLog|SecurityGroup|NetworkInterface|LaunchTemplate)$|^AWS::Lambda::(EventInvokeConfig|Url|Permission)$/;

/** `isFirst`: nothing else in the account uses what Amazon gives for nothing. */
export function billOf(
  resources: readonly CostedResource[],
  { prices, isFirst }: { prices: Prices; isFirst: boolean },
): Bill {
  const bill = new Map<string, number>();
  const add = (item: string, cost: number) => {
    if (cost > 0) bill.set(item, (bill.get(item) ?? 0) + cost);
  };
  const beyond = (used: number, free: number) => Math.max(0, used - (isFirst ? free : 0));
  const counted = { alarmMetrics: 0, dashboards: 0, runs: 0, memoryMib: 0 };

  for (const { Type, Properties = {} } of resources) {
    switch (Type) {
      case 'AWS::ECS::TaskDefinition':
        add('trader', (Number(Properties.Cpu) / 1024) * prices.fargateVcpuHour * HOURS);
        add('trader', (Number(Properties.Memory) / 1024) * prices.fargateGbHour * HOURS);
        add('trader', USAGE.imageGb * prices.imageGbMonth);
        break;
      case 'AWS::ECS::Service':
        if (JSON.stringify(Properties).includes('"AssignPublicIp":"ENABLED"')) {
          add('way out', prices.publicAddressHour * HOURS);
        }
        break;
      case 'AWS::EC2::EIP':
        add('way out', prices.publicAddressHour * HOURS);
        break;
      case 'AWS::EC2::NatGateway':
        add('way out', prices.natGatewayHour * HOURS + USAGE.natGb * prices.natGatewayGb);
        break;
      case 'AWS::AutoScaling::AutoScalingGroup':
        add('way out', prices.t4gNanoHour * HOURS + USAGE.natVolumeGb * prices.volumeGbMonth);
        break;
      case 'AWS::EC2::VPCEndpoint':
        if (Properties.VpcEndpointType !== 'Gateway') throw unknownCost('an interface endpoint');
        break;
      case 'AWS::DynamoDB::GlobalTable':
        add('table', (USAGE.writeUnits / 1e6) * prices.writeUnitsMillion);
        add('table', (USAGE.readUnits / 1e6) * prices.readUnitsMillion);
        add('table', USAGE.tableGb * prices.tableGbMonth);
        add('secrets', USAGE.secretReads * prices.secretRead);
        add('journals', USAGE.bucketGb * prices.bucketGbMonth);
        break;
      case 'AWS::SecretsManager::Secret':
        add('secrets', prices.secretMonth);
        break;
      case 'AWS::CloudWatch::Alarm':
        counted.alarmMetrics += alarmMetricsOf(Properties);
        break;
      case 'AWS::CloudWatch::Dashboard':
        counted.dashboards += 1;
        break;
      case 'AWS::Scheduler::Schedule':
        counted.runs += (HOURS * 60) / everyMinutes(String(Properties.ScheduleExpression));
        break;
      case 'AWS::Lambda::Function':
        counted.memoryMib = Math.max(counted.memoryMib, Number(Properties.MemorySize));
        break;
      default:
        if (!FREE.test(Type)) throw unknownCost(Type);
    }
  }

  const { customMetrics, alarmMetrics, dashboards, logGb, lambdaGbSeconds, lambdaRequests } =
    ALWAYS_FREE;
  const watching = 'metrics, alarms, dashboard';
  add(watching, beyond(Object.keys(METRICS).length, customMetrics) * prices.customMetricMonth);
  add(watching, beyond(counted.alarmMetrics, alarmMetrics) * prices.alarmMetricMonth);
  add(watching, beyond(counted.dashboards, dashboards) * prices.dashboardMonth);
  add('logs', beyond(USAGE.logGb, logGb) * prices.logGb);
  // As if every run had the memory of the largest: an upper bound.
  const runs = counted.runs + USAGE.personalRequests;
  const gbSeconds = runs * USAGE.lambdaSeconds * (counted.memoryMib / 1024);
  add('Lambdas', beyond(gbSeconds, lambdaGbSeconds) * prices.lambdaGbSecond);
  add('Lambdas', (beyond(runs, lambdaRequests) / 1e6) * prices.lambdaMillion);
  return bill;
}

export function totalOf(bill: Bill): number {
  return [...bill.values()].reduce((sum, cost) => sum + cost, 0);
}

/** An alarm on an expression costs by the metrics in it. */
function alarmMetricsOf({ Metrics }: Readonly<Record<string, unknown>>): number {
  if (!Array.isArray(Metrics)) return 1;
  return Metrics.filter((entry: { MetricStat?: unknown }) => entry.MetricStat).length;
}

function everyMinutes(expression: string): number {
  const minutes = /^rate\((\d+) minutes?\)$/.exec(expression)?.[1];
  if (!minutes) throw unknownCost(`a schedule of ${expression}`);
  return Number(minutes);
}

function unknownCost(what: string): Error {
  return new Error(`the cost of ${what} is not known: add it to infra/cost.ts`);
}
