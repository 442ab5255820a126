/**
 * A NAT instance with an Elastic IP of its own, from an image that runs fck-nat (https://fck-nat.dev).
 *
 * One instance in a group of one: a tenth of a NAT gateway's price. If it fails, the group replaces it in
 * about three minutes, in which the trader holds: no data, no new order, nothing but what already rests at
 * the exchange. Who cannot live with that takes `nat-gateway`.
 *
 * The image is a parameter, not looked up, so that synth needs no credentials and a new image is a
 * decision. On start, fck-nat takes the Elastic IP and attaches the interface that the routes point to.
 */
import { CfnParameter, Duration, Stack, Tags } from 'aws-cdk-lib';
import { AutoScalingGroup, HealthChecks, UpdatePolicy } from 'aws-cdk-lib/aws-autoscaling';
import {
  type CfnEIP,
  CfnNetworkInterface,
  type IMachineImage,
  InstanceType,
  type ISubnet,
  type IVpc,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  OperatingSystemType,
  Peer,
  Port,
  RouterType,
  SecurityGroup,
  type Subnet,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements.ts';

export interface FckNatProps {
  readonly vpc: IVpc;
  /** Where the instance stands. */
  readonly publicSubnet: ISubnet;
  /** Subnets whose default route it becomes. */
  readonly privateSubnets: readonly ISubnet[];
  readonly elasticIp: CfnEIP;
  /** Empty: asked for at deployment. */
  readonly imageId: string;
}

export class FckNat extends Construct {
  constructor(scope: Construct, id: string, props: FckNatProps) {
    super(scope, id);
    const { vpc, publicSubnet, privateSubnets, elasticIp, imageId } = props;
    const { partition, region, account } = Stack.of(this);
    const arn = (resource: string) => `arn:${partition}:ec2:${region}:${account}:${resource}`;

    const image = new CfnParameter(this, 'FckNatAmi', {
      type: 'AWS::EC2::Image::Id',
      description:
        'ARM64 image that runs fck-nat: aws ec2 describe-images --owners 568608671756 --filters Name=name,Values=fck-nat-al2023-*-arm64-ebs --query "sort_by(Images,&CreationDate)[-1].ImageId"',
      ...(imageId ? { default: imageId } : {}),
    });
    image.overrideLogicalId('FckNatAmi');

    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'NAT instance: takes HTTPS of the private subnets, sends to anywhere',
      allowAllOutbound: false,
    });
    // Packets to be forwarded count as inbound: the one inbound rule there is, from inside alone.
    securityGroup.addIngressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.tcp(443), 'forwarded HTTPS');
    securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS');
    acknowledge(securityGroup, {
      'AwsSolutions-EC23': 'The rule takes traffic of this VPC only; nothing outside can reach it.',
    });

    const inside = new CfnNetworkInterface(this, 'Inside', {
      subnetId: publicSubnet.subnetId,
      sourceDestCheck: false,
      groupSet: [securityGroup.securityGroupId],
      description: 'what the private routes point to; outlives the instance',
    });

    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ec2:AttachNetworkInterface'],
        resources: [arn(`network-interface/${inside.attrId}`), arn('instance/*')],
        conditions: { ArnEqualsIfExists: { 'ec2:Vpc': arn(`vpc/${vpc.vpcId}`) } },
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ec2:ModifyNetworkInterfaceAttribute'],
        resources: [arn('network-interface/*')],
        conditions: { ArnEquals: { 'ec2:Vpc': arn(`vpc/${vpc.vpcId}`) } },
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['ec2:AssociateAddress'],
        resources: [
          arn(`elastic-ip/${elasticIp.attrAllocationId}`),
          arn('network-interface/*'),
          arn('instance/*'),
        ],
      }),
    );
    for (const kind of ['network-interface', 'instance']) {
      acknowledge(role, {
        [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:${kind}/*]`]:
          'The group starts the instance, so its ids are not known before; bound to this VPC, this interface or this Elastic IP.',
      });
    }

    const userData = UserData.forLinux();
    userData.addCommands(
      `echo "eni_id=${inside.attrId}" >> /etc/fck-nat.conf`,
      `echo "eip_id=${elasticIp.attrAllocationId}" >> /etc/fck-nat.conf`,
      'service fck-nat restart',
    );
    const machineImage: IMachineImage = {
      getImage: () => ({
        imageId: image.valueAsString,
        osType: OperatingSystemType.LINUX,
        userData,
      }),
    };
    const group = new AutoScalingGroup(this, 'Group', {
      vpc,
      vpcSubnets: { subnets: [publicSubnet] },
      minCapacity: 1,
      maxCapacity: 1,
      healthChecks: HealthChecks.ec2({ gracePeriod: Duration.minutes(3) }),
      // A new image replaces the instance at once: two cannot hold one interface.
      updatePolicy: UpdatePolicy.rollingUpdate({ minInstancesInService: 0, maxBatchSize: 1 }),
      launchTemplate: new LaunchTemplate(this, 'Template', {
        instanceType: new InstanceType('t4g.nano'),
        machineImage,
        securityGroup,
        role,
        // To reach the EC2 API before it holds the Elastic IP.
        associatePublicIpAddress: true,
        httpTokens: LaunchTemplateHttpTokens.REQUIRED,
        detailedMonitoring: false,
      }),
    });
    Tags.of(group).add('Name', `${Stack.of(this).stackName}-nat`);
    acknowledge(group, {
      'AwsSolutions-EC26':
        'The root volume of a public image: it holds no data of ours, and its size is not known before.',
      'AwsSolutions-AS3':
        'Losing the instance shows as a stale feed, which alarms; events of a group of one would say it twice.',
    });
    for (const [i, subnet] of privateSubnets.entries()) {
      (subnet as Subnet).addRoute(`ThroughNat${i}`, {
        routerType: RouterType.NETWORK_INTERFACE,
        routerId: inside.attrId,
        enablesInternetConnectivity: true,
      });
    }
  }
}
