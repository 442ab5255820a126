/**
 * The network of a deployment and its way out. No inbound rule, no NAT unless asked for: in `public-ip`
 * the trader has a public address that nothing may connect to.
 */
import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type IVpc,
  NatProvider,
  Peer,
  Port,
  SecurityGroup,
  type SubnetConfiguration,
  type SubnetSelection,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { OUTPUTS } from '../shared/config/deployment.ts';
import { hasStaticAddress, type Settings } from './config.ts';
import { FckNat } from './fck-nat.ts';
import { logGroup } from './log-group.ts';

export interface NetworkStackProps extends StackProps {
  readonly settings: Settings;
}

export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  /** Where what talks to the exchange stands. */
  readonly subnets: SubnetSelection;
  /** Sends HTTPS, takes nothing. */
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { settings, ...props }: NetworkStackProps) {
    super(scope, id, props);
    const isPrivate = hasStaticAddress(settings);
    const elasticIp = isPrivate ? new CfnEIP(this, 'ElasticIp', { domain: 'vpc' }) : null;

    const subnetConfiguration: SubnetConfiguration[] = [
      { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
    ];
    if (isPrivate) {
      // fck-nat sets its own routes, so to CDK those subnets are isolated.
      const subnetType =
        settings.egress === 'nat-gateway'
          ? SubnetType.PRIVATE_WITH_EGRESS
          : SubnetType.PRIVATE_ISOLATED;
      subnetConfiguration.push({ name: 'private', subnetType, cidrMask: 24 });
    }
    // Its class fits its interface only where optional properties may be undefined.
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.84.0.0/16'),
      // Two zones, so that a task finds one that works; one NAT, because two addresses cost twice.
      maxAzs: 2,
      natGateways: settings.egress === 'nat-gateway' ? 1 : 0,
      ...(settings.egress === 'nat-gateway' && elasticIp
        ? {
            natGatewayProvider: NatProvider.gateway({
              eipAllocationIds: [elasticIp.attrAllocationId],
            }),
          }
        : {}),
      subnetConfiguration,
      // Free, and they keep the store reachable when the NAT is not.
      gatewayEndpoints: {
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
        S3: { service: GatewayVpcEndpointAwsService.S3 },
      },
      // Emptying the default group takes a Lambda with rights of its own; nothing ever joins that group.
      restrictDefaultSecurityGroup: false,
      // Who talked to whom, a few megabytes a day: the only witness if a key is ever misused.
      flowLogs: {
        All: {
          trafficType: FlowLogTrafficType.ALL,
          destination: FlowLogDestination.toCloudWatchLogs(logGroup(this, 'FlowLogs', settings)),
        },
      },
    });
    this.vpc = vpc as IVpc;
    this.subnets = { subnetGroupName: isPrivate ? 'private' : 'public' };

    if (settings.egress === 'fck-nat' && elasticIp) {
      const [publicSubnet] = vpc.publicSubnets;
      if (!publicSubnet) throw new Error('a VPC without a public subnet');
      new FckNat(this, 'Nat', {
        vpc: this.vpc,
        publicSubnet,
        privateSubnets: vpc.isolatedSubnets,
        elasticIp,
        imageId: settings.fckNatAmi,
      });
    }

    this.securityGroup = new SecurityGroup(this, 'Outbound', {
      vpc: this.vpc,
      description: 'Sends HTTPS, takes nothing',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'exchange, Telegram, AWS');

    if (elasticIp) {
      new CfnOutput(this, OUTPUTS.staticIp, {
        value: elasticIp.attrPublicIp,
        description: 'Allow this address, and no other, for the API key at the exchange',
      });
    }
  }

  /** Fixed, because looking zones up would need credentials at synth. */
  override get availabilityZones(): string[] {
    return [Fn.select(0, Fn.getAzs()), Fn.select(1, Fn.getAzs())];
  }
}
